/* Checks on surveys of machines that are not at hand: several hosts, hyper-threads, networks, clocks. */
#include "check.h"

#include "doctor/doctor.h"

#include <stdlib.h>

static Arena *arena;
static Survey survey;
static Findings findings;

/* Ranks on hosts of `cores` cores with `threads` hardware threads each, bound to nothing. Hardware
 * thread t * cores + c is on core c, as Linux numbers them. */
static void make(int ranks, int hosts, int cores, int threads)
{
    survey = (Survey){.ranks = ranks,
                      .rank = arena_new(arena, RankFacts, ranks),
                      .launcher = LAUNCHER_MPIRUN,
                      .is_open_mpi = true,
                      .free_bytes = UINT64_MAX,
                      .seconds_left = -1};
    for (int r = 0; r < ranks; r++) {
        RankFacts *rank = &survey.rank[r];
        snprintf(rank->host, sizeof rank->host, "node%d", 1 + r * hosts / ranks);
        rank->host_cores = cores;
        rank->host_cpus = cores * threads;
        rank->memory_host = rank->memory_process = UINT64_MAX;
        rank->locked_limit = rank->file_limit = UINT64_MAX;
        rank->sees_run_folder = true;
        for (int p = 0; p < PARTS; p++) snprintf(rank->part[p], FACT_BYTES, "same");
    }
    survey_find_hosts(&survey, arena);
}

/* Binds rank r to `count` cores from `first`, with so many hardware threads of each, a worker per
 * thread. */
static void bind(int r, int first, int count, int threads)
{
    RankFacts *rank = &survey.rank[r];
    rank->cpus = rank->cores = (CpuSet){0};
    for (int c = first; c < first + count; c++) {
        cpu_set_add(&rank->cores, c);
        for (int t = 0; t < threads; t++) cpu_set_add(&rank->cpus, t * rank->host_cores + c);
    }
    rank->workers = count * threads;
}

/* Two ranks on each of two hosts, each on half of 8 cores. */
static void make_healthy(void)
{
    make(4, 2, 8, 1);
    for (int r = 0; r < 4; r++) bind(r, r % 2 * 4, 4, 1);
}

static void configure(void)
{
    survey.has_config = true;
    survey.pack = "p.h5";
    survey.run = "run";
    survey.batch = 128;
    survey.lane = 8;
    survey.train_images = 1280;
    survey.val_images = 128;
    survey.checkpoint_bytes = (uint64_t)100 << 20;
    survey.checkpoints = 5;
    for (int r = 0; r < survey.ranks; r++) survey.rank[r].has_config = true;
}

static void run_checks(void)
{
    findings = (Findings){.arena = arena};
    doctor_check(&survey, &findings);
}

static void print_findings(void)
{
    for (int i = 0; i < findings.count; i++)
        fprintf(stderr, "%s: %s\n", findings.list[i].check, findings.list[i].text);
}

static void expect_nothing(void)
{
    run_checks();
    if (findings.count) print_findings();
    assert_int_equal(findings.count, 0);
}

/* Exactly one finding, of this check and severity, whose text holds both parts. */
static void expect(const char *check, Severity severity, const char *what, const char *cure)
{
    run_checks();
    if (findings.count != 1 || strcmp(findings.list[0].check, check) != 0 ||
        !strstr(findings.list[0].text, what) || !strstr(findings.list[0].text, cure)) {
        fprintf(stderr, "expected %s with \"%s\" and \"%s\" in:\n", check, what, cure);
        print_findings();
        fail();
    }
    assert_int_equal(findings.list[0].severity, severity);
    assert_int_equal(findings.problems, severity == PROBLEM);
}

/* --- cores --- */

static void test_healthy(void **state)
{
    (void)state;
    make_healthy();
    expect_nothing();
    configure();
    expect_nothing();
}

static void test_idle_cores(void **state)
{
    (void)state;
    make(4, 2, 64, 1); /* mpirun's default: a core for each rank */
    for (int r = 0; r < 4; r++) bind(r, r % 2, 1, 1);
    expect("idle cores", PROBLEM, "bound to 2 of the 64 cores", "slot:PE=32");
    survey.launcher = LAUNCHER_SRUN;
    expect("idle cores", PROBLEM, "all 4 ranks (2 hosts)", "--cpus-per-task=32");
    for (int r = 0; r < 4; r++) survey.rank[r].workers_chosen = true;
    expect_nothing();
}

static void test_few_idle_cores_are_accepted(void **state)
{
    (void)state;
    make(3, 1, 16, 1); /* three ranks of five cores leave one over */
    for (int r = 0; r < 3; r++) bind(r, 5 * r, 5, 1);
    expect_nothing();
}

static void test_one_host_of_two_is_named(void **state)
{
    (void)state;
    make_healthy();
    bind(3, 0, 4, 1); /* on the cores of rank 2 */
    expect("crowding", PROBLEM, "ranks 2-3 (node2): 8 workers share 4 cores (0-3)",
           "--bind-to core");
}

static void test_unbound_ranks(void **state)
{
    (void)state;
    make(2, 1, 8, 1);
    bind(0, 0, 8, 1);
    bind(1, 0, 8, 1);
    expect("crowding", PROBLEM, "16 workers share 8 cores", "set workers: 4");
    survey.rank[0].workers = survey.rank[1].workers = 4;
    expect_nothing();
}

static void test_hyper_threads(void **state)
{
    (void)state;
    make(1, 1, 8, 2);
    bind(0, 0, 8, 2);
    expect("hyper-threads", ADVICE, "16 workers share 8 cores", "--hint=nomultithread");
    bind(0, 0, 8, 1);
    expect_nothing();
    make(2, 1, 8, 2); /* one core's two threads, a rank on each, the other cores idle */
    bind(0, 0, 1, 1);
    bind(1, 0, 1, 1);
    survey.rank[1].cpus = (CpuSet){0};
    cpu_set_add(&survey.rank[1].cpus, 8);
    for (int r = 0; r < 2; r++) survey.rank[r].workers_chosen = true;
    expect("hyper-threads", PROBLEM, "2 workers share 1 core", "7 of the host's 8 cores lie idle");
}

static void test_too_many_workers(void **state)
{
    (void)state;
    make_healthy();
    survey.rank[1].workers = 8;
    expect("workers", PROBLEM, "rank 1 (node1): 8 workers run on the 4 cores", "set workers: 4");
}

/* --- programs --- */

static void test_blas_threads(void **state)
{
    (void)state;
    make_healthy();
    survey.rank[2].blas_threads = 1;
    expect_nothing();
    survey.rank[2].blas_threads = 16;
    strcpy(survey.rank[2].blas_variable, "OMP_NUM_THREADS");
    expect("BLAS threads", ADVICE, "rank 2 (node2): OMP_NUM_THREADS=16", "unset it");
    survey.rank[2].blas_threads = 0;
    for (int r = 0; r < 4; r++) survey.rank[r].blas_openmp = true;
    expect("BLAS threads", ADVICE, "OpenMP build", "OMP_NUM_THREADS=1");
}

static void test_programs(void **state)
{
    (void)state;
    for (int p = 0; p < PARTS; p++) {
        make_healthy();
        strcpy(survey.rank[3].part[p], "other");
        expect("programs", PROBLEM, part_name[p], "rank 3 (node2)");
    }
    make_healthy();
    for (int r = 0; r < 4; r++) strcpy(survey.rank[r].part[PART_KERNELS], r < 2 ? "v4" : "v3");
    expect_nothing(); /* the same bits */
    for (int r = 0; r < 4; r++) strcpy(survey.rank[r].part[PART_KERNELS], r < 2 ? "v4" : "v2");
    expect("programs", PROBLEM, "v4 on ranks 0-1 (node1), but v2 on ranks 2-3 (node2)",
           "UMBEL_ISA=v2");
}

/* --- network --- */

static void add_interface(int r, const char *name, const char *address, uint32_t network, int bits)
{
    RankFacts *rank = &survey.rank[r];
    Interface *interface = &rank->interface[rank->interfaces++];
    snprintf(interface->name, sizeof interface->name, "%s", name);
    snprintf(interface->address, sizeof interface->address, "%s/%d", address, bits);
    interface->netmask = ~(uint32_t)0 << (32 - bits);
    interface->network = network & interface->netmask;
}

static void make_networks(int hosts)
{
    make(2, hosts, 8, 1);
    for (int r = 0; r < 2; r++) {
        bind(r, hosts == 2 ? 0 : 4 * r, hosts == 2 ? 8 : 4, 1);
        add_interface(r, "docker0", "172.17.0.1", 172u << 24 | 17u << 16, 16);
        add_interface(r, "eth0", "10.1.0.5", 10u << 24 | 1u << 16, 24);
    }
}

static void test_virtual_interface(void **state)
{
    (void)state;
    make_networks(2);
    expect("interfaces", PROBLEM, "docker0 (172.17.0.1/16 on node1)", "btl_tcp_if_include eth0");
    const char *const included[] = {"eth0", "10.1.0.0/16", "10.0.0.0/8,192.168.0.0/16"};
    for (int i = 0; i < 3; i++) {
        strcpy(survey.tcp_include, included[i]);
        expect_nothing();
    }
    strcpy(survey.tcp_include, "");
    const char *const excluded[] = {"lo,docker0", "127.0.0.0/8,172.16.0.0/12",
                                    "127.0.0.1/8,docker0"};
    for (int i = 0; i < 3; i++) {
        strcpy(survey.tcp_exclude, excluded[i]);
        expect_nothing();
    }
    strcpy(survey.tcp_exclude, "docker0");
    expect("interfaces", PROBLEM, "no longer excludes the loopback", "lo,docker0");
}

static void test_networks_that_do_not_matter(void **state)
{
    (void)state;
    make_networks(1);
    expect_nothing();
    make_networks(2);
    survey.rank[0].has_fast_network = survey.rank[1].has_fast_network = true;
    expect_nothing();
    make_networks(2);
    survey.is_open_mpi = false;
    expect_nothing();
}

static void test_several_interfaces(void **state)
{
    (void)state;
    make(2, 2, 8, 1);
    for (int r = 0; r < 2; r++) {
        bind(r, 0, 8, 1);
        add_interface(r, "eth0", "10.1.0.5", 10u << 24 | 1u << 16, 24);
        add_interface(r, "ib0", "10.2.0.5", 10u << 24 | 2u << 16, 24);
    }
    expect("interfaces", ADVICE, "2 interfaces (eth0, ib0)", "btl_tcp_if_include");
}

/* --- links --- */

/* A rank on each of `hosts`, all links of 10 Gbit/s. */
static void make_links(int hosts)
{
    make(hosts, hosts, 8, 1);
    for (int r = 0; r < hosts; r++) {
        bind(r, 0, 8, 1);
        if (survey_link_exists(r, hosts)) survey.rank[r].link_bandwidth = 1.25e9;
    }
}

static void test_links(void **state)
{
    (void)state;
    for (int hosts = 1; hosts <= 5; hosts++) {
        make_links(hosts);
        expect_nothing();
    }
    survey.rank[2].link_bandwidth = 0.5e9; /* slower, but not far */
    expect_nothing();
    survey.rank[2].link_bandwidth = 0.125e9;
    expect("links", ADVICE, "the link between node3 and node4: 1 Gbit/s, where others carry 10",
           "leave the host out");
    survey.rank[1].link_bandwidth = 0.12e9;
    expect("links", ADVICE, "all links of node3: 0.96 Gbit/s", "switch port");
    survey.rank[4].link_bandwidth = 0.1e9; /* the median of four others is still a good one */
    expect("links", ADVICE, "3 links, such as that between node5 and node1: 0.8 Gbit/s", "cable");
    make_links(2);
    survey.rank[0].link_bandwidth = 1e6; /* no other to compare with */
    expect_nothing();
}

static void test_links_within_hosts(void **state)
{
    (void)state;
    make_healthy(); /* two ranks on each of two hosts: links 1 and 3 join them */
    for (int r = 0; r < 4; r++) survey.rank[r].link_bandwidth = 10e9;
    survey.rank[0].link_bandwidth = 1e6; /* two ranks that take turns on a core, say */
    expect_nothing();
    survey.rank[3].link_bandwidth = 1e9;
    expect("links", ADVICE, "the link between node2 and node1: 8 Gbit/s, where others carry 80",
           "cable");
}

/* --- files, memory, time --- */

static void test_space(void **state)
{
    (void)state;
    make_healthy();
    configure();
    survey.free_bytes = (uint64_t)499 << 20;
    strcpy(survey.run_problem, "cannot write run/token: No space left on device");
    expect("space", PROBLEM, "499 MiB are free, but 5 checkpoints of 100 MiB need 500 MiB",
           "checkpoint_keep");
    survey.run_problem[0] = 0;
    survey.held_bytes = (uint64_t)100 << 20; /* a resume: one is there already */
    expect_nothing();
    survey.rank[0].file_limit = (uint64_t)50 << 20;
    expect("space", PROBLEM, "50 MiB (ulimit -f)", "ulimit -f unlimited");
}

static void test_pack(void **state)
{
    (void)state;
    make_healthy();
    configure();
    survey.rank[2].pack_hash.low = survey.rank[3].pack_hash.low = 1;
    expect("pack", PROBLEM, "ranks 2-3 (node2)", "copy one file");
    make_healthy();
    configure();
    for (int r = 0; r < 4; r++) strcpy(survey.rank[r].pack_problem, "p.h5: is damaged");
    expect("pack", PROBLEM, "all 4 ranks (2 hosts)", "is damaged");
}

static void test_slow_sync(void **state)
{
    (void)state;
    make_healthy();
    configure();
    survey.sync_seconds = 4;
    expect("sync", ADVICE, "takes 4.0 s", "checkpoint_every");
}

static void test_memory(void **state)
{
    (void)state;
    make_healthy();
    for (int r = 0; r < 4; r++) {
        survey.rank[r].memory_needed = (uint64_t)20 << 30;
        survey.rank[r].memory_host = (uint64_t)(r < 2 ? 64 : 32) << 30;
    }
    survey.rank[2].memory_shared = survey.rank[3].memory_shared = (uint64_t)2 << 30;
    expect("memory", PROBLEM, "ranks 2-3 (node2): about 42 GiB", "32 GiB are available");
    survey.rank[2].memory_host = survey.rank[3].memory_host = UINT64_MAX;
    survey.rank[1].memory_process = 1 << 30;
    expect("memory", PROBLEM, "rank 1 (node1)", "ulimit -v");
    survey.rank[1].memory_process = UINT64_MAX;
    for (int r = 0; r < 4; r++) survey.rank[r].locked_limit = 65536;
    expect_nothing();
    survey.rank[0].has_fast_network = true;
    expect("locked memory", ADVICE, "rank 0 (node1): only 64 KiB", "memlock");
}

static void test_time_limit(void **state)
{
    (void)state;
    make_healthy();
    configure();
    survey.round_seconds = 60; /* 10 steps of one round, and 128 of 128 images in a third of one */
    survey.seconds_left = 621;
    assert_true(survey_epoch_seconds(&survey) == 620);
    expect_nothing();
    survey.run_seconds = 90;
    expect("time limit", PROBLEM, "ends a run after 1 min 30 s", "checkpoint_every");
    survey.run_seconds = 621;
    survey.seconds_left = 600;
    expect("time limit", PROBLEM, "ends in 10 min 0 s, but an epoch takes about 10 min 20 s",
           "sbatch --time");
}

static void test_clocks(void **state)
{
    (void)state;
    make_healthy();
    survey.rank[1].clock_ahead = survey.rank[2].clock_ahead = -0.5;
    expect_nothing();
    survey.rank[2].clock_ahead = survey.rank[3].clock_ahead = -75;
    expect("clocks", ADVICE, "node2 is 75 s behind that of node1", "chrony");
    survey.rank[2].clock_ahead = survey.rank[3].clock_ahead = 75;
    expect("clocks", ADVICE, "node2 is 75 s ahead of that of node1", "chrony");
}

static void test_lanes(void **state)
{
    (void)state;
    make_healthy(); /* 16 workers */
    configure();
    survey.lane = 16;
    expect("lanes", ADVICE, "8 of 16 workers have nothing to do", "raise batch");
    survey.lane = 8;
    survey.batch = 160; /* 20 lanes: a full round and a quarter of one */
    expect("lanes", ADVICE, "20 lanes over 16 workers take 2 rounds", "a multiple of 16");
    survey.batch = 256;
    expect_nothing();
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_create("test");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy),
        cmocka_unit_test(test_idle_cores),
        cmocka_unit_test(test_few_idle_cores_are_accepted),
        cmocka_unit_test(test_one_host_of_two_is_named),
        cmocka_unit_test(test_unbound_ranks),
        cmocka_unit_test(test_hyper_threads),
        cmocka_unit_test(test_too_many_workers),
        cmocka_unit_test(test_blas_threads),
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_virtual_interface),
        cmocka_unit_test(test_networks_that_do_not_matter),
        cmocka_unit_test(test_several_interfaces),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_links_within_hosts),
        cmocka_unit_test(test_space),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_slow_sync),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_lanes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

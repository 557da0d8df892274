/* The model of a step over many ranks, against cases worked out by hand. */
#include "check.h"

#include "bench/network_parse.h"
#include "bench/step_model.h"

#include <string.h>

/* 1 GB/s, 1 ms, no polls, adding at 4 GB/s; lanes of 1 s; buckets of 100 MB and 50 MB, complete at 0.6 s and at 0.9 s. */
static const BucketModel buckets[] = {{100000000, 0.6}, {50000000, 0.9}};
static StepModel make(int lanes, int workers)
{
    return (StepModel){.lane_seconds = 1,
                       .update_seconds = 0.1,
                       .lanes = lanes,
                       .workers = workers,
                       .ranks_per_node = 1,
                       .bucket = buckets,
                       .buckets = 2,
                       .network = {.bandwidth = 1e9, .latency = 1e-3, .add_rate = 4e9}};
}

static void near(double value, double expected)
{
    if (!(value > expected - 1e-9 && value < expected + 1e-9))
        fail_msg("%.9f, by hand %.9f", value, expected);
}

static void test_hops(void **state)
{
    (void)state;
    assert_int_equal(step_hops(1), 0);
    assert_int_equal(step_hops(2), 2);
    assert_int_equal(step_hops(3), 5); /* halves exchanged, a half joined, two hops, the sum sent */
    assert_int_equal(step_hops(8), 6);
    assert_int_equal(step_hops(12), 9);
    assert_int_equal(step_hops(512), 18);
}

static void test_alone(void **state)
{
    (void)state;
    StepModel model = make(7, 2); /* 4 rounds for 7 lanes */
    StepForecast forecast = step_forecast(&model, 1);
    assert_int_equal(forecast.rounds, 4);
    near(forecast.compute, 4);
    near(forecast.exposed, 0);
    near(forecast.step, 4.1);
    near(forecast.efficiency, 7 / (2 * 4.1));
}

static void test_two_ranks(void **state)
{
    (void)state;
    /* One lane each. Worker 0 adds half of 150 MB: 0.01875 s, so lanes end at 1.01875 and buckets are ready at
     * 0.61875 and 0.91875. The first: + 0.002 + 0.1 + 0.0125 = 0.73325. The second: + 0.002 + 0.05 + 0.00625
     * = 0.977, before the lanes end. The side array costs two latencies. */
    StepModel model = make(2, 1);
    StepForecast forecast = step_forecast(&model, 2);
    assert_int_equal(forecast.rounds, 1);
    near(forecast.compute, 1);
    near(forecast.exposed, 0.01875 + 0.002);
    near(forecast.step, 1 + 0.02075 + 0.1);
    near(forecast.efficiency, 2 / (2 * 1.12075));
}

static void test_slow_link(void **state)
{
    (void)state;
    /* 0.1 GB/s: the first bucket has the link from 0.61875 for 1 s; the second waits for it until 1.61875,
     * and is there 0.002 + 0.5 + 0.00625 later. */
    StepModel model = make(2, 1);
    model.network.bandwidth = 1e8;
    near(step_forecast(&model, 2).exposed, 1.61875 + 0.50825 + 0.002 - 1);
    /* Four ranks: three quarters are added, 0.028125 s; the link carries one and a half times the bytes, 1.5 s
     * and 0.75 s. */
    model.lanes = 4;
    near(step_forecast(&model, 4).exposed, 0.628125 + 1.5 + (0.004 + 0.75 + 0.009375) + 0.004 - 1);
    /* Three: a half is added before, a half among two; twice the bytes and a half, 2.5 s and 1.25 s. */
    model.lanes = 3;
    near(step_forecast(&model, 3).exposed, 0.6375 + 2.5 + (0.005 + 1.25 + 0.0125) + 0.005 - 1);
}

static void test_polls(void **state)
{
    (void)state;
    /* A poll is waited for while lanes are computed, not by the side array. */
    StepModel model = make(2, 1);
    model.network.poll = 0.05;
    near(step_forecast(&model, 2).exposed, 0.91875 + 0.05825 + 2 * 0.05 + 0.002 - 1);
}

static void test_nodes(void **state)
{
    (void)state;
    /* Two ranks on a node: adding within it, no link. */
    StepModel model = make(2, 1);
    model.ranks_per_node = 2;
    StepForecast forecast = step_forecast(&model, 2);
    assert_int_equal(forecast.nodes, 1);
    /* The second bucket is ready at 0.91875 and added at 0.925; lanes end at 1.01875. */
    near(forecast.exposed, 0.01875);
    /* Four on two nodes: the link carries as much whether each rank sends its part or one does for all; adding is
     * three quarters, or a half. */
    model.lanes = 4;
    model.network.bandwidth = 1e8;
    near(step_forecast(&model, 4).exposed, 0.628125 + 1 + (0.002 + 0.5 + 0.009375) + 0.002 - 1);
    model.node_reduce = true;
    near(step_forecast(&model, 4).exposed, 1.61875 + 0.50825 + 0.002 - 1);
}

static void test_requests(void **state)
{
    (void)state;
    /* Nine buckets at once, of next to nothing: the ninth waits for the first, two latencies. */
    BucketModel many[9];
    for (int b = 0; b < 9; b++) many[b] = (BucketModel){0, 1};
    StepModel model = make(2, 1);
    model.bucket = many;
    model.buckets = 8;
    near(step_forecast(&model, 2).exposed, 0.002 + 0.002);
    model.buckets = 9;
    near(step_forecast(&model, 2).exposed, 0.004 + 0.002);
}

static void test_lanes_for(void **state)
{
    (void)state;
    /* k rounds on 2 ranks of 1 worker take k + 0.02075 + 0.1 s: 89 % of one, 94 % of two, 96 % of three. */
    StepModel model = make(2, 1);
    assert_int_equal(step_lanes_for(&model, 2, 0.80, 4096), 2);
    assert_int_equal(step_lanes_for(&model, 2, 0.90, 4096), 4);
    assert_int_equal(step_lanes_for(&model, 2, 0.95, 4096), 6);
    assert_int_equal(step_lanes_for(&model, 2, 0.95, 5), 0);
}

static void test_network_parse(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",         "100",      "Gbit",        "-1Gbit",
                                        "10Gbit,",  "10Gbit,5", "10Gbit,5us,", "0Gbit",
                                        "10 Gbitx", "nanGbit",  "10Gbit,-5us", "10gbit"};
    Network network = {0};
    Error err = {0};
    assert_true(network_parse(&network, "100Gbit", &err));
    near(network.bandwidth / 1e9, 12.5);
    near(network.latency, 20e-6);
    assert_true(network_parse(&network, "1000Mbit,1.5ms", &err));
    near(network.bandwidth / 1e9, 0.125);
    near(network.latency, 1.5e-3);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        err = (Error){0};
        if (network_parse(&network, wrong[i], &err)) fail_msg("\"%s\" was taken", wrong[i]);
        assert_non_null(strstr(err.text, "--network"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hops),          cmocka_unit_test(test_alone),
        cmocka_unit_test(test_two_ranks),     cmocka_unit_test(test_slow_link),
        cmocka_unit_test(test_polls),         cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_requests),      cmocka_unit_test(test_lanes_for),
        cmocka_unit_test(test_network_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

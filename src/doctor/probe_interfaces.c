/* The network interfaces of this host. */
#include "probe.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* InfiniBand, RoCE and Omni-Path adapters all stand here; MPI then leaves TCP alone. */
static bool has_fast_network(void)
{
    DIR *folder = opendir("/sys/class/infiniband");
    bool found = false;
    for (struct dirent *entry; folder && !found && (entry = readdir(folder));)
        found = entry->d_name[0] != '.';
    if (folder) closedir(folder);
    return found;
}

static uint32_t address_of(const struct sockaddr *address)
{
    struct sockaddr_in internet;
    memcpy(&internet, address, sizeof internet);
    return ntohl(internet.sin_addr.s_addr);
}

static Interface describe(const struct ifaddrs *entry)
{
    Interface interface = {.netmask = address_of(entry->ifa_netmask)};
    uint32_t address = address_of(entry->ifa_addr);
    interface.network = address & interface.netmask;
    snprintf(interface.name, sizeof interface.name, "%s", entry->ifa_name);
    snprintf(interface.address, sizeof interface.address, "%u.%u.%u.%u/%d", address >> 24,
             address >> 16 & 255, address >> 8 & 255, address & 255,
             __builtin_popcount(interface.netmask));
    return interface;
}

void probe_interfaces(RankFacts *facts)
{
    struct ifaddrs *list = NULL;
    facts->has_fast_network = has_fast_network();
    if (getifaddrs(&list) != 0) return;
    for (struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
        if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET || !entry->ifa_netmask)
            continue;
        if (!(entry->ifa_flags & IFF_UP) || entry->ifa_flags & IFF_LOOPBACK) continue;
        if (facts->interfaces < INTERFACES_MAX)
            facts->interface[facts->interfaces++] = describe(entry);
    }
    freeifaddrs(list);
}

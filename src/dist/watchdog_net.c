/* The watchdog's connections. */
#include "watchdog_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 2000, WAITING_CONNECTIONS = 4096 };

/* All IPv4 addresses of this host; loopback last, for ranks on the same host. */
static void list_addresses(Address *address)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0) return;
    int most = (int)(sizeof address->ip / sizeof *address->ip) - 1;
    for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
        if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET || address->ips >= most) continue;
        if (!(at->ifa_flags & IFF_UP) || (at->ifa_flags & IFF_LOOPBACK)) continue;
        struct sockaddr_in inet;
        memcpy(&inet, at->ifa_addr, sizeof inet);
        address->ip[address->ips++] = inet.sin_addr.s_addr;
    }
    freeifaddrs(list);
    address->ip[address->ips++] = htonl(INADDR_LOOPBACK);
}

int link_listen(Address *address, uint64_t nonce)
{
    *address = (Address){.nonce = nonce};
    gethostname(address->host, sizeof address->host - 1);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t size = sizeof any;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) return -1;
    if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 ||
        listen(listener, WAITING_CONNECTIONS) != 0 ||
        getsockname(listener, (struct sockaddr *)&any, &size) != 0) {
        close(listener);
        return -1;
    }
    address->port = any.sin_port;
    list_addresses(address);
    return listener;
}

static bool is_connected(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int reason = 0;
    socklen_t size = sizeof reason;
    return poll(&wait, 1, CONNECT_MS) == 1 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size) == 0 && reason == 0;
}

/* Many hosts have the same private addresses (bridges of containers): only a listener of this job
 * answers the hello. */
static bool is_answered(Link *link, const Beat *hello)
{
    link_send(link, hello);
    struct pollfd wait = {.fd = link->socket, .events = POLLIN};
    return poll(&wait, 1, CONNECT_MS) == 1 && link_receive(link) == 1 &&
           link->in.nonce == hello->nonce;
}

static bool try_address(Link *link, uint32_t ip, uint16_t port, const Beat *hello)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = ip};
    link->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->socket < 0) return false;
    int one = 1;
    setsockopt(link->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if ((connect(link->socket, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS) &&
        is_connected(link->socket) && is_answered(link, hello))
        return true;
    link_close(link);
    return false;
}

bool link_connect(Link *link, const Address *address, const Beat *hello)
{
    *link = (Link){.socket = -1, .rank = -1};
    bool same_host = strcmp(address->host, hello->host) == 0;
    for (int i = 0; i < address->ips; i++) {
        bool loopback = address->ip[i] == htonl(INADDR_LOOPBACK);
        if (loopback && !same_host) continue;
        if (try_address(link, address->ip[i], address->port, hello)) return true;
    }
    return false;
}

void link_send(Link *link, const Beat *beat)
{
    if (link->socket < 0) return;
    /* A socket's buffer holds thousands of beats; one that is full belongs to a stopped rank. */
    ssize_t sent = send(link->socket, beat, sizeof *beat, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0 && (size_t)sent < sizeof *beat) link_close(link); /* cut in half: out of step */
}

int link_receive(Link *link)
{
    if (link->socket < 0) return -1;
    if (link->received == sizeof link->in) link->received = 0;
    ssize_t got = recv(link->socket, (char *)&link->in + link->received,
                       sizeof link->in - link->received, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return -1;
    if (got > 0) link->received += (unsigned)got;
    return link->received == sizeof link->in;
}

void link_close(Link *link)
{
    char rest[sizeof(Beat)];
    /* Unread bytes would make a reset of the close, and that may overtake a farewell. */
    while (link->socket >= 0 && recv(link->socket, rest, sizeof rest, MSG_DONTWAIT) > 0) continue;
    if (link->socket >= 0) close(link->socket);
    link->socket = -1;
    link->received = 0;
}

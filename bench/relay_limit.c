/* The practical limit: a plain epoll relay, one upstream connection per client connection, no looking, no counting.
   usage: relay_limit LISTEN_PORT UPSTREAM_PORT (both on 127.0.0.1) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 65536, MOST = 4096 };

struct end { int fd; struct end *peer; char *held; size_t at, left; int eof; };

static int poller;
static char buffer[SIZE];

static void watch(struct end *e, unsigned events, int how) {
  struct epoll_event ev = {.events = events, .data.ptr = e};
  epoll_ctl(poller, how, e->fd, &ev);
}

static void finish(struct end *e) {
  struct end *p = e->peer;
  close(e->fd); close(p->fd);
  e->fd = p->fd = -1;
}

static struct sockaddr_in local(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return a;
}

static void pass(struct end *e) {
  struct end *p = e->peer;
  ssize_t n = recv(e->fd, buffer, SIZE, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) { finish(e); return; }
  ssize_t w = send(p->fd, buffer, n, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (w < 0 && errno != EAGAIN) { finish(e); return; }
  if (w < 0) w = 0;
  if (w < n) {  /* hold the rest, stop reading until it is gone */
    p->held = malloc(n - w); memcpy(p->held, buffer + w, n - w);
    p->at = 0; p->left = n - w;
    watch(e, 0, EPOLL_CTL_MOD);
    watch(p, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  }
}

static void flush(struct end *p) {
  ssize_t w = send(p->fd, p->held + p->at, p->left, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (w < 0) { if (errno != EAGAIN) finish(p); return; }
  p->at += w; p->left -= w;
  if (!p->left) {
    free(p->held); p->held = NULL;
    watch(p, EPOLLIN, EPOLL_CTL_MOD);
    watch(p->peer, EPOLLIN, EPOLL_CTL_MOD);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in here = local(atoi(argv[1])), there = local(atoi(argv[2]));
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&here, sizeof here) || listen(listener, 4096)) { perror("listen"); return 1; }
  poller = epoll_create1(0);
  struct end door = {.fd = listener};
  watch(&door, EPOLLIN, EPOLL_CTL_ADD);
  for (;;) {
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < n; i++) {
      struct end *e = events[i].data.ptr;
      if (e == &door) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) continue;
        struct end *c = calloc(1, sizeof *c), *u = calloc(1, sizeof *u);
        c->fd = fd; u->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(u->fd, (void *)&there, sizeof there)) { close(fd); close(u->fd); continue; }
        c->peer = u; u->peer = c;
        for (struct end *s = c; s; s = s == c ? u : NULL) setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(c, EPOLLIN, EPOLL_CTL_ADD); watch(u, EPOLLIN, EPOLL_CTL_ADD);
        continue;
      }
      if (e->fd < 0) continue;
      if (events[i].events & EPOLLOUT && e->held) flush(e);
      else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) pass(e);
    }
  }
}

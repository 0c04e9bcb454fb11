// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/listeners.h"

#include <linux/filter.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/log.h"

namespace smic::net {
namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptsPerTurn = 64;  // then others have their turn; epoll will tell us again

// Drops segments with SYN set. A socket filter of TCP sees the segment from its TCP header on.
void drop_new_connections(int fd) {
  std::array<sock_filter, 4> code{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  // Without it a connection may be reset in the instant before close; nothing else depends on it.
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace

Result<int> listen_on(const SocketAddress& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  const bool ready = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                     setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
                     ::bind(fd, address.data(), address.size()) == 0 && ::listen(fd, kBacklog) == 0;
  if (ready) return fd;
  const std::string reason = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return fail("listen on " + address.to_string() + ": " + reason);
}

Listeners::Listeners(Loop& loop, Accepted accepted)
    : accepted_(std::move(accepted)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  SMIC_CHECK(epoll_ >= 0, "epoll_create1");
  loop.watch(epoll_, [this] { accept_ready(); });
}

Listeners::~Listeners() {
  for (const auto& [listener, fd] : fds_) ::close(fd);
  ::close(epoll_);
}

void Listeners::add(std::uint32_t listener, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = listener;
  SMIC_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
  const bool fresh = fds_.emplace(listener, fd).second;
  SMIC_CHECK(fresh, "two listeners with one number");
}

void Listeners::close(std::uint32_t listener) {
  const auto found = fds_.find(listener);
  if (found == fds_.end()) return;
  const int fd = found->second;
  fds_.erase(found);
  drop_new_connections(fd);
  accept_all(listener, fd, kBacklog);
  ::close(fd);
}

void Listeners::close_all() {
  while (!fds_.empty()) close(fds_.begin()->first);
}

void Listeners::accept_ready() {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const std::uint32_t listener = events[static_cast<std::size_t>(i)].data.u32;
    const auto found = fds_.find(listener);
    if (found != fds_.end()) accept_all(listener, found->second, kAcceptsPerTurn);
  }
}

void Listeners::accept_all(std::uint32_t listener, int fd, int at_most) {
  for (int i = 0; i < at_most; ++i) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    const int connection =
        ::accept4(fd, reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      accepted_(listener, connection, SocketAddress::of(storage));
    } else if (errno != EINTR && errno != ECONNABORTED) {
      // Out of descriptors is the one case worth a line; the connection stays in the queue.
      if (errno != EAGAIN) log_warning("accept failed", {{"reason", std::strerror(errno)}});
      return;
    }
  }
}

}  // namespace smic::net

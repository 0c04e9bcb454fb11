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
constexpr std::uint64_t kTellEvery = 10'000 / kTick.count();  // ticks between two warnings

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

Result<int> listen_on(const SocketAddress& address, bool routed) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  const bool ready = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                     setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
                     (!routed || address.allow_on(fd)) &&
                     ::bind(fd, address.data(), address.size()) == 0 && ::listen(fd, kBacklog) == 0;
  if (ready) return fd;
  const std::string reason = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return fail("listen on " + address.to_string() + ": " + reason);
}

// Binds as nobody who shares would, and lets go at once.
Result<void> nobody_on(const SocketAddress& address, Listeners::Kind kind) {
  const bool streams = kind == Listeners::Kind::connections;
  const int probe =
      ::socket(address.family(), (streams ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
  const int on = 1;  // connections that have just ended do not count
  if (streams) setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = probe >= 0 && ::bind(probe, address.data(), address.size()) == 0;
  const std::string reason = std::strerror(errno);
  if (probe >= 0) ::close(probe);
  if (bound) return {};
  return fail("listen on " + address.to_string() + (streams ? "" : " (UDP)") + ": " + reason);
}

Listeners::Listeners(Loop& loop, Accepted accepted, Arrived arrived)
    : accepted_(std::move(accepted)),
      arrived_(std::move(arrived)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      loop_(loop) {
  SMIC_CHECK(epoll_ >= 0, "epoll_create1");
  loop.watch(epoll_, [this] { hand_over(); });
  loop.on_tick([this] { wake_rested(); });
}

Listeners::~Listeners() {
  for (const auto& [listener, socket] : open_) ::close(socket.fd);
  ::close(epoll_);
}

void Listeners::add(std::uint32_t listener, int fd, Kind kind) {
  watch(listener, fd);
  const bool fresh = open_.emplace(listener, Open{fd, kind}).second;
  SMIC_CHECK(fresh, "two listeners with one number");
}

void Listeners::watch(std::uint32_t listener, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = listener;
  SMIC_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

void Listeners::close(std::uint32_t listener) {
  const auto found = open_.find(listener);
  if (found == open_.end()) return;
  const Open socket = found->second;
  if (socket.kind == Kind::connections) drop_new_connections(socket.fd);
  take(listener, socket, kBacklog);
  std::erase(resting_, listener);
  open_.erase(listener);
  ::close(socket.fd);
}

void Listeners::retire_all() {
  std::vector<std::uint32_t> closing;
  for (const auto& [listener, socket] : open_) {
    if (socket.kind == Kind::connections) {
      closing.push_back(listener);
      continue;
    }
    const SocketAddress self = SocketAddress::local_of(socket.fd);
    ::connect(socket.fd, self.data(), self.size());
    arrived_(listener, socket.fd);
  }
  for (const std::uint32_t listener : closing) close(listener);
}

int Listeners::socket_of(std::uint32_t listener) const {
  const auto found = open_.find(listener);
  return found == open_.end() ? -1 : found->second.fd;
}

void Listeners::hand_over() {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const std::uint32_t listener = events[static_cast<std::size_t>(i)].data.u32;
    const auto found = open_.find(listener);
    if (found != open_.end()) take(listener, found->second, kAcceptsPerTurn);
  }
}

void Listeners::take(std::uint32_t listener, Open socket, int at_most) {
  if (socket.kind == Kind::connections) {
    accept_all(listener, socket.fd, at_most);
  } else {
    arrived_(listener, socket.fd);
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
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return rest(listener, fd, errno);
    }
  }
}

void Listeners::rest(std::uint32_t listener, int fd, int error) {
  ++failures_;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  resting_.push_back(listener);
  const std::uint64_t now = loop_.deadlines().now();
  if (now < tell_again_) return;
  tell_again_ = now + kTellEvery;
  log_warning(
      "connections wait: accept failed",
      {{"reason", std::strerror(error)}, {"times", std::to_string(failures_ - failures_told_)}});
  failures_told_ = failures_;
}

void Listeners::wake_rested() {
  for (const std::uint32_t listener : resting_) watch(listener, open_.at(listener).fd);
  resting_.clear();
}

}  // namespace smic::net

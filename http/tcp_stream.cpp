// SPDX-License-Identifier: Apache-2.0
// Tested by client_test.cpp.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "http/stream.h"

namespace smic::http {
namespace {

// A silent peer is asked after 15 s, and given up after about 30 s, watch or not.
constexpr int kKeepAliveIdle = 15;
constexpr int kKeepAliveInterval = 5;
constexpr int kKeepAliveProbes = 3;
constexpr unsigned kUnacknowledged = 30'000;  // ms

std::unexpected<Failure> system_fault(const std::string& what) {
  return fault(Fault::unreachable, what + ": " + std::strerror(errno));
}

void keep_alive(int socket) {
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveIdle, sizeof kKeepAliveIdle);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveInterval, sizeof kKeepAliveInterval);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveProbes, sizeof kKeepAliveProbes);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledged, sizeof kUnacknowledged);
}

class TcpStream final : public Stream {
 public:
  TcpStream(int socket, const Stop& stop) : socket_(socket), stop_(stop) {}
  ~TcpStream() override { ::close(socket_); }

  Outcome<void> connect(const sockaddr* address, socklen_t size, Deadline deadline) {
    if (::connect(socket_, address, size) == 0) return {};
    if (errno != EINPROGRESS) return system_fault("connect");
    if (auto ready = wait(POLLOUT, deadline); !ready) return ready;
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &length);
    errno = error;
    return error == 0 ? Outcome<void>{} : system_fault("connect");
  }

  Outcome<std::size_t> read(std::span<char> into, Deadline deadline) override {
    for (;;) {
      const ssize_t size = ::recv(socket_, into.data(), into.size(), 0);
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return system_fault("read");
      if (auto ready = wait(POLLIN, deadline); !ready) return std::unexpected(ready.error());
    }
  }

  Outcome<void> write(std::string_view bytes, Deadline deadline) override {
    while (!bytes.empty()) {
      const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(size));
      } else if (errno == EAGAIN) {
        if (auto ready = wait(POLLOUT, deadline); !ready) return ready;
      } else if (errno != EINTR) {
        return system_fault("write");
      }
    }
    return {};
  }

 private:
  Outcome<void> wait(short events, Deadline deadline) const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      std::array<pollfd, 2> polled{{{socket_, events, 0}, {stop_.descriptor(), POLLIN, 0}}};
      const int ready = ::poll(polled.data(), polled.size(),
                               left.count() > 0 ? static_cast<int>(left.count()) : 0);
      if (ready < 0 && errno == EINTR) continue;
      if (polled[1].revents != 0) return fault(Fault::stopped, "stopped");
      if (ready > 0) return {};
      return fault(Fault::timed_out, "no answer in time");
    }
  }

  int socket_;
  const Stop& stop_;
};

}  // namespace

Outcome<std::unique_ptr<Stream>> dial(const std::string& host, std::uint16_t port,
                                      Deadline deadline, const Stop& stop) {
  if (stop.stopped()) return fault(Fault::stopped, "stopped");
  const std::string where = "connect to " + host + ':' + std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found)) {
    return fault(Fault::unreachable, where + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  Failure last{Fault::unreachable, "it has no address"};
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int socket = ::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return system_fault(where);
    auto stream = std::make_unique<TcpStream>(socket, stop);
    keep_alive(socket);
    const auto connected = stream->connect(at->ai_addr, at->ai_addrlen, deadline);
    if (connected) return stream;
    last = connected.error();
  }
  return fault(std::move(last), where);
}

}  // namespace smic::http

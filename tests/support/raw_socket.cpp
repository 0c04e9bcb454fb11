// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace smic::test {
namespace {

constexpr int kTimeLimitSeconds = 20;

sockaddr_in address_of(const std::string& ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

RawSocket connect_v6(const std::string& ip, std::uint16_t port) {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 target{};
  target.sin6_family = AF_INET6;
  target.sin6_port = htons(port);
  inet_pton(AF_INET6, ip.c_str(), &target.sin6_addr);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0) {
    return RawSocket(fd);
  }
  ::close(fd);
  return RawSocket();
}

}  // namespace

int Message::status() const {
  return first_line.starts_with("HTTP/1.") && first_line.size() >= 12
             ? std::atoi(first_line.c_str() + 9)
             : 0;
}

std::optional<std::string> Message::header(std::string_view name) const {
  const std::string wanted = "\n" + lower(name) + ":";
  const std::size_t at = lower(head).find(wanted);
  if (at == std::string::npos) return std::nullopt;
  std::size_t begin = at + wanted.size();
  const std::size_t end = std::min(head.find('\r', begin), head.size());
  while (begin < end && head[begin] == ' ') ++begin;
  return head.substr(begin, end - begin);
}

RawSocket::RawSocket(int fd) : fd_(fd) {
  const timeval limit{kTimeLimitSeconds, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawSocket::RawSocket(RawSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      timed_out_(other.timed_out_) {}

RawSocket& RawSocket::operator=(RawSocket&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  buffer_ = std::move(other.buffer_);
  timed_out_ = other.timed_out_;
  return *this;
}

RawSocket::~RawSocket() { close(); }

RawSocket RawSocket::connect(const std::string& ip, std::uint16_t port, const std::string& from) {
  if (ip.find(':') != std::string::npos) return connect_v6(ip, port);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!from.empty()) {
    const sockaddr_in source = address_of(from, 0);
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source);
  }
  const sockaddr_in target = address_of(ip, port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    ::close(fd);
    return RawSocket();
  }
  return RawSocket(fd);
}

bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawSocket::fill() {
  char block[65536];
  ssize_t got = 0;
  do {
    got = ::recv(fd_, block, sizeof block, 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) timed_out_ = true;
  if (got <= 0) return false;
  buffer_.append(block, static_cast<std::size_t>(got));
  return true;
}

std::string RawSocket::receive(std::size_t most) {
  if (buffer_.empty()) fill();
  const std::string out = buffer_.substr(0, most);
  buffer_.erase(0, out.size());
  return out;
}

std::string RawSocket::receive_until(std::string_view mark) {
  for (std::size_t from = 0;;) {
    const std::size_t at = buffer_.find(mark, from);
    if (at != std::string::npos) {
      std::string out = buffer_.substr(0, at + mark.size());
      buffer_.erase(0, out.size());
      return out;
    }
    from = buffer_.size() < mark.size() ? 0 : buffer_.size() - mark.size() + 1;
    if (!fill()) return std::exchange(buffer_, {});
  }
}

std::string RawSocket::receive_exactly(std::size_t size) {
  while (buffer_.size() < size && fill()) {
  }
  std::string out = buffer_.substr(0, size);
  buffer_.erase(0, out.size());
  return out;
}

std::string RawSocket::receive_all() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

Message RawSocket::receive_response(bool to_head) {
  Message out;
  std::string head = receive_until("\r\n\r\n");
  if (!head.ends_with("\r\n\r\n")) return out;
  head.resize(head.size() - 2);
  out.head = head;
  out.first_line = head.substr(0, head.find('\r'));
  const int status = out.status();
  if (to_head || (status != 0 && (status < 200 || status == 204 || status == 304))) {
    out.complete = true;
  } else if (const auto length = out.header("content-length")) {
    const std::size_t size = std::strtoull(length->c_str(), nullptr, 10);
    out.body = receive_exactly(size);
    out.complete = out.body.size() == size;
  } else if (out.header("transfer-encoding")) {
    for (;;) {
      const std::string line = receive_until("\r\n");
      if (!line.ends_with("\r\n")) return out;
      const std::size_t size = std::strtoull(line.c_str(), nullptr, 16);
      if (size == 0) break;
      out.body += receive_exactly(size);
      if (receive_exactly(2) != "\r\n") return out;
    }
    for (std::string line; (line = receive_until("\r\n")) != "\r\n";) {
      if (!line.ends_with("\r\n")) return out;
      out.trailers += line;
    }
    out.complete = true;
  } else if (status != 0) {
    out.body = receive_all();
    out.complete = true;
  } else {
    out.complete = true;  // a request without a body
  }
  return out;
}

void RawSocket::finish_sending() { ::shutdown(fd_, SHUT_WR); }

void RawSocket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void RawSocket::reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

ScriptedBackend::ScriptedBackend(Script script, const std::string& ip)
    : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in address = address_of(ip, 0);
  ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::listen(listener_, 1024);
  port_ = port_of(listener_);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedBackend::~ScriptedBackend() {
  stop_listening();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

void ScriptedBackend::stop_listening() {
  if (listener_ < 0) return;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(std::exchange(listener_, -1));
}

void ScriptedBackend::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    ++accepted_;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd] {
      RawSocket socket(fd);
      script_(socket);
      const std::lock_guard closing(mutex_);
      std::erase(open_, fd);
      socket.close();
    });
  }
}

ScriptedBackend::Script ScriptedBackend::answering(std::string body) {
  return [body](RawSocket& socket) {
    for (;;) {
      const Message request = socket.receive_request();
      if (!request.complete) return;
      const bool to_head = request.first_line.starts_with("HEAD ");
      if (!socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                       "\r\n\r\n" + (to_head ? "" : body))) {
        return;
      }
    }
  };
}

std::uint16_t free_port(const std::string& ip) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = address_of(ip, 0);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const std::uint16_t port = port_of(fd);
  ::close(fd);
  return port;
}

}  // namespace smic::test

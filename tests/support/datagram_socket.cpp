// SPDX-License-Identifier: Apache-2.0
#include "tests/support/datagram_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

namespace smic::test {
namespace {

constexpr std::size_t kLargest = 65'535;

bool is_v6(const std::string& ip) { return ip.find(':') != std::string::npos; }

sockaddr_storage address_of(const std::string& ip, std::uint16_t port) {
  sockaddr_storage address{};
  if (is_v6(ip)) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr);
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    inet_pton(AF_INET, ip.c_str(), &v4.sin_addr);
  }
  return address;
}

socklen_t size_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::uint16_t port_of(const sockaddr_storage& address) {  // at the same place in both
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string text_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const std::string port = ":" + std::to_string(port_of(address));
  if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text,
              sizeof text);
    return "[" + std::string(text) + "]" + port;
  }
  inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  return text + port;
}

int bound_to(const std::string& ip) {
  const int fd = ::socket(is_v6(ip) ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_storage address = address_of(ip, 0);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size_of(address));
  return fd;
}

bool readable(int fd, std::chrono::milliseconds limit) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(limit.count())) == 1;
}

std::optional<std::string> receive_from(int fd, sockaddr_storage& sender) {
  std::vector<char> bytes(kLargest);
  socklen_t size = sizeof sender;
  const ssize_t got = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&sender), &size);
  if (got < 0) return std::nullopt;
  return std::string(bytes.data(), static_cast<std::size_t>(got));
}

bool send_to(int fd, std::string_view datagram, const sockaddr_storage& to) {
  const ssize_t sent = ::sendto(fd, datagram.data(), datagram.size(), 0,
                                reinterpret_cast<const sockaddr*>(&to), size_of(to));
  return sent == static_cast<ssize_t>(datagram.size());
}

}  // namespace

DatagramSocket::DatagramSocket(const std::string& ip, std::uint16_t port, const std::string& from)
    : fd_(bound_to(from)), ip_(ip), port_(port) {}

DatagramSocket::DatagramSocket(DatagramSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), ip_(other.ip_), port_(other.port_) {}

DatagramSocket::~DatagramSocket() {
  if (fd_ >= 0) ::close(fd_);
}

bool DatagramSocket::send(std::string_view datagram) {
  return send_to(fd_, datagram, address_of(ip_, port_));
}

std::optional<std::string> DatagramSocket::receive(std::chrono::milliseconds limit) {
  if (!readable(fd_, limit)) return std::nullopt;
  sockaddr_storage sender{};
  auto datagram = receive_from(fd_, sender);
  sender_ = text_of(sender);
  return datagram;
}

std::optional<std::string> DatagramSocket::ask(std::string_view datagram) {
  if (!send(datagram)) return std::nullopt;
  return receive();
}

DatagramBackend::DatagramBackend(Answer answer)
    : answer_(std::move(answer)), fd_(bound_to("127.0.0.1")) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = port_of(address);
  thread_ = std::thread([this] { run(); });
}

DatagramBackend::~DatagramBackend() {
  stopped_ = true;
  thread_.join();
  ::close(fd_);
}

void DatagramBackend::run() {
  while (!stopped_) {
    if (!readable(fd_, std::chrono::milliseconds(10))) continue;
    sockaddr_storage sender{};
    const auto datagram = receive_from(fd_, sender);
    if (!datagram) continue;
    ++received_;
    if (const auto reply = answer_(*datagram)) send_to(fd_, *reply, sender);
  }
}

DatagramBackend::Answer DatagramBackend::saying(std::string name) {
  return [name](const std::string& datagram) { return name + ": " + datagram; };
}

}  // namespace smic::test

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

sockaddr_in address_of(const std::string& ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

int bound_to(const std::string& ip) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = address_of(ip, 0);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return fd;
}

bool readable(int fd, std::chrono::milliseconds limit) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(limit.count())) == 1;
}

std::optional<std::string> receive_from(int fd, sockaddr_in& sender) {
  std::vector<char> bytes(kLargest);
  socklen_t size = sizeof sender;
  const ssize_t got = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&sender), &size);
  if (got < 0) return std::nullopt;
  return std::string(bytes.data(), static_cast<std::size_t>(got));
}

bool send_to(int fd, std::string_view datagram, const sockaddr_in& to) {
  const ssize_t sent = ::sendto(fd, datagram.data(), datagram.size(), 0,
                                reinterpret_cast<const sockaddr*>(&to), sizeof to);
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
  sockaddr_in sender{};
  auto datagram = receive_from(fd_, sender);
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &sender.sin_addr, text, sizeof text);
  sender_ = std::string(text) + ":" + std::to_string(ntohs(sender.sin_port));
  return datagram;
}

std::optional<std::string> DatagramSocket::ask(std::string_view datagram) {
  if (!send(datagram)) return std::nullopt;
  return receive();
}

DatagramBackend::DatagramBackend(Answer answer)
    : answer_(std::move(answer)), fd_(bound_to("127.0.0.1")) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
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
    sockaddr_in sender{};
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

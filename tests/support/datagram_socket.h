// SPDX-License-Identifier: Apache-2.0
// Blocking UDP sockets for tests, the sisters of those in raw_socket.h. Every wait is bounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/raw_socket.h"

namespace smic::test {

// A client: it sends to one address, and takes datagrams from anywhere, telling from where.
class DatagramSocket {
 public:
  DatagramSocket(const std::string& ip, std::uint16_t port, const std::string& from = "127.0.0.1");
  ~DatagramSocket();
  DatagramSocket(DatagramSocket&& other) noexcept;

  bool send(std::string_view datagram);
  // The next one; nothing if none came within the limit.
  std::optional<std::string> receive(std::chrono::milliseconds limit = std::chrono::seconds(20));
  std::optional<std::string> ask(std::string_view datagram);
  const std::string& sender() const { return sender_; }  // "127.0.0.1:53", of the last received

 private:
  int fd_ = -1;
  std::string ip_;
  std::uint16_t port_;
  std::string sender_;
};

// Answers each datagram with what a function makes of it; no answer for nothing.
class DatagramBackend {
 public:
  using Answer = std::function<std::optional<std::string>(const std::string& datagram)>;

  explicit DatagramBackend(Answer answer);
  ~DatagramBackend();
  std::uint16_t port() const { return port_; }
  int received() const { return received_; }

  static Answer saying(std::string name);  // "NAME: datagram"

 private:
  void run();

  Answer answer_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> received_{0};
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace smic::test

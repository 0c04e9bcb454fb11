// SPDX-License-Identifier: Apache-2.0
// A UDP socket that answers from the address it was asked at: a host has many, and a client does
// not know an answer that comes from another one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/net/net.h"

namespace smic::dns {

class UdpSocket {
 public:
  static Result<UdpSocket> bind(const net::SocketAddress& address);
  UdpSocket(UdpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UdpSocket& operator=(UdpSocket&&) = delete;
  ~UdpSocket();

  int fd() const { return fd_; }

  // Answers what has come, up to a number, so that others have their turn. An empty answer is not
  // sent.
  void answer_all(const std::function<std::string(std::string_view)>& answer);

 private:
  explicit UdpSocket(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace smic::dns

// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace smic::net {

Result<SocketAddress> SocketAddress::parse(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  SocketAddress out;
  if (inet_pton(AF_INET, text.c_str(), &out.storage_.v4.sin_addr) == 1) {
    out.storage_.v4.sin_family = AF_INET;
    out.storage_.v4.sin_port = htons(port);
    return out;
  }
  if (inet_pton(AF_INET6, text.c_str(), &out.storage_.v6.sin6_addr) == 1) {
    out.storage_.v6.sin6_family = AF_INET6;
    out.storage_.v6.sin6_port = htons(port);
    return out;
  }
  return fail("`" + text + "` is not an IP address");
}

Result<SocketAddress> SocketAddress::parse(std::string_view ip_and_port) {
  const std::size_t colon = ip_and_port.rfind(':');
  if (colon == std::string_view::npos) {
    return fail("`" + std::string(ip_and_port) + "` lacks a port: write ADDRESS:PORT");
  }
  std::string_view ip = ip_and_port.substr(0, colon);
  const std::string_view digits = ip_and_port.substr(colon + 1);
  if (ip.size() >= 2 && ip.front() == '[' && ip.back() == ']') ip = ip.substr(1, ip.size() - 2);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return fail("`" + std::string(digits) + "` is not a port");
  }
  return parse(ip, port);
}

SocketAddress SocketAddress::of(const sockaddr_storage& storage) {
  SocketAddress out;
  std::memcpy(&out.storage_, &storage, sizeof out.storage_);
  return out;
}

SocketAddress SocketAddress::local_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return of(storage);
}

std::string SocketAddress::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() != AF_INET6) {
    inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
  } else if (IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr)) {
    inet_ntop(AF_INET, storage_.v6.sin6_addr.s6_addr + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof text);
  }
  return text;
}

std::uint16_t SocketAddress::port() const {
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

std::string SocketAddress::to_string() const {
  const std::string ip_text = ip();
  const bool brackets = ip_text.find(':') != std::string::npos;
  return (brackets ? "[" + ip_text + "]" : ip_text) + ":" + std::to_string(port());
}

std::size_t SocketAddress::hash() const {
  const auto* bytes = reinterpret_cast<const char*>(&storage_);
  return std::hash<std::string_view>()(std::string_view(bytes, size()));
}

bool SocketAddress::allow_on(int fd) const {
  const int on = 1;
  return family() == AF_INET6 ? setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &on, sizeof on) == 0
                              : setsockopt(fd, SOL_IP, IP_FREEBIND, &on, sizeof on) == 0;
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (family() != other.family()) return false;
  if (family() != AF_INET6) {
    return storage_.v4.sin_port == other.storage_.v4.sin_port &&
           storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr;
  }
  return storage_.v6.sin6_port == other.storage_.v6.sin6_port &&
         std::memcmp(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr,
                     sizeof storage_.v6.sin6_addr) == 0;
}

}  // namespace smic::net

// SPDX-License-Identifier: Apache-2.0
// glibc's own reader of DNS messages (libresolv) does the reading: it is what everybody's programs
// resolve names with. Tested by ask_test.cpp.
#include "controller/cluster_dns/ask.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <random>

namespace smic::cluster_dns {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeader = 12;

class Socket {
 public:
  explicit Socket(const Server& server) {
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(server.port)};
    sockaddr_in6 v6{.sin6_family = AF_INET6, .sin6_port = htons(server.port)};
    const bool is_v4 = inet_pton(AF_INET, server.address.c_str(), &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, server.address.c_str(), &v6.sin6_addr) != 1) return;
    fd_ = ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto* address =
        is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    // Connected, so that only its answers arrive, and a closed port is told at once.
    if (fd_ >= 0 && ::connect(fd_, address, is_v4 ? sizeof v4 : sizeof v6) != 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace

std::string question(std::uint16_t id, std::string_view name, std::uint16_t type) {
  std::string text{static_cast<char>(id >> 8), static_cast<char>(id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    text += static_cast<char>(label.size());
    text += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  text += {0, static_cast<char>(type >> 8), static_cast<char>(type), 0, 1};
  return text;
}

std::optional<Said> read_answer(std::string_view answer, std::string_view question) {
  // The question comes back as it went, its header's id included.
  if (answer.size() < question.size() || answer.substr(0, 2) != question.substr(0, 2) ||
      answer.substr(kHeader, question.size() - kHeader) != question.substr(kHeader)) {
    return std::nullopt;
  }
  ns_msg message;
  const auto* bytes = reinterpret_cast<const unsigned char*>(answer.data());
  if (ns_initparse(bytes, static_cast<int>(answer.size()), &message) != 0 ||
      ns_msg_getflag(message, ns_f_qr) == 0) {
    return std::nullopt;
  }
  Said said{.rcode = ns_msg_getflag(message, ns_f_rcode),
            .answers = ns_msg_count(message, ns_s_an)};
  for (int i = 0; i < said.answers; ++i) {
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, i, &record) != 0) return std::nullopt;
    if (ns_rr_type(record) != ns_t_soa) continue;
    std::array<char, NS_MAXDNAME> server;
    if (dn_expand(bytes, bytes + answer.size(), ns_rr_rdata(record), server.data(),
                  static_cast<int>(server.size())) < 0) {
      return std::nullopt;
    }
    said.soa_server = server.data();
  }
  return said;
}

std::optional<Said> ask(const Server& server, std::string_view name, std::uint16_t type,
                        std::chrono::milliseconds patience) {
  const Socket socket(server);
  if (socket.fd() < 0) return std::nullopt;
  const std::string sent = question(static_cast<std::uint16_t>(std::random_device{}()), name, type);
  if (::send(socket.fd(), sent.data(), sent.size(), MSG_NOSIGNAL) < 0) return std::nullopt;
  const auto deadline = Clock::now() + patience;
  std::array<char, 4096> room;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{socket.fd(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
      return std::nullopt;
    }
    const ssize_t size = ::recv(socket.fd(), room.data(), room.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    if (auto said = read_answer({room.data(), static_cast<std::size_t>(size)}, sent)) return said;
  }
}

}  // namespace smic::cluster_dns

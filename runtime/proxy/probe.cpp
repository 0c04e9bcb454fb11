// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/probe.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace smic::proxy {
namespace {

constexpr timeval kPatience{5, 0};
constexpr std::size_t kMostRead = 4096;

class Connection {
 public:
  Connection() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open(const std::string& file) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (file.size() >= sizeof address.sun_path) {
      errno = ENAMETOOLONG;
      return false;
    }
    std::memcpy(address.sun_path, file.data(), file.size());
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  // The answer as far as it fits; empty on failure.
  std::string ask(const std::string& path) {
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nhost: proxy\r\nconnection: close\r\n\r\n";
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      return {};
    }
    std::string answer(kMostRead, '\0');
    std::size_t length = 0;
    while (length < answer.size()) {
      const ssize_t got = ::recv(fd_, answer.data() + length, answer.size() - length, 0);
      if (got < 0) return {};
      if (got == 0) break;
      length += static_cast<std::size_t>(got);
    }
    answer.resize(length);
    return answer;
  }

 private:
  int fd_;
};

}  // namespace

Result<void> probe(const std::string& socket_file, const std::string& path) {
  Connection connection;
  errno = 0;
  std::string answer;
  if (connection.open(socket_file)) answer = connection.ask(path);
  if (answer.empty()) return fail(socket_file + ": " + std::generic_category().message(errno));
  if (answer.starts_with("HTTP/1.1 200 ")) return {};
  const std::size_t body = answer.find("\r\n\r\n");
  return fail(body == std::string::npos ? answer : answer.substr(body + 4));
}

}  // namespace smic::proxy

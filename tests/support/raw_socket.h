// SPDX-License-Identifier: Apache-2.0
// Blocking sockets for tests: a client that sends exactly the bytes it is told to, and backends
// that do on each connection what a script says. Every wait is bounded; a test that hangs fails
// instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace smic::test {

// A response, or a request, taken apart loosely.
struct Message {
  std::string first_line;
  std::string head;  // with first line, without the empty line
  std::string body;  // decoded
  std::string trailers;
  bool complete = false;  // it ended as its framing said

  int status() const;  // of a response; 0 if there was none
  // Value of the first header of that name (any case), or nothing.
  std::optional<std::string> header(std::string_view name) const;
};

class RawSocket {
 public:
  RawSocket() = default;
  explicit RawSocket(int fd);
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&& other) noexcept;
  ~RawSocket();

  // `from`: bind to this address first, to be the pod that owns it.
  static RawSocket connect(const std::string& ip, std::uint16_t port, const std::string& from = "");

  bool send(std::string_view bytes);  // all, or false
  // More bytes, "" at the end, on a reset, and after the time limit (then timed_out() is true).
  std::string receive(std::size_t most = 65536);
  std::string receive_until(std::string_view mark);  // up to and with the mark, or what came
  std::string receive_exactly(std::size_t size);
  std::string receive_all();
  Message receive_response(bool to_head = false);
  Message receive_request() { return receive_response(); }
  void finish_sending();
  void close();
  void reset();  // closes with RST
  bool open() const { return fd_ >= 0; }
  bool timed_out() const { return timed_out_; }
  int fd() const { return fd_; }

 private:
  bool fill();

  int fd_ = -1;
  std::string buffer_;
  bool timed_out_ = false;
};

// A server on 127.0.0.1 (or `ip`), a thread per connection.
class ScriptedBackend {
 public:
  using Script = std::function<void(RawSocket&)>;

  explicit ScriptedBackend(Script script, const std::string& ip = "127.0.0.1");
  ~ScriptedBackend();
  std::uint16_t port() const { return port_; }
  int connections() const { return accepted_; }
  void stop_listening();

  // Answers every request of a connection with 200 and `body`, until the client closes.
  static Script answering(std::string body);

 private:
  void accept_all();

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<int> open_;
  std::thread acceptor_;
};

// A port of 127.0.0.1 that nobody listens on just now.
std::uint16_t free_port(const std::string& ip = "127.0.0.1");

}  // namespace smic::test

// SPDX-License-Identifier: Apache-2.0
// One thread, one loop. The zones in force are a pointer under a lock, taken once a question: when
// use() has returned, no question is answered from the zones before. (Posted to the loop, a
// question that came after could be taken up before the post.)
//
// A TCP connection carries questions one after the other, each behind two bytes of length (RFC 1035
// §4.2.2, RFC 7766), and is answered in their order. Tested by server_test.cpp.
#include "runtime/dns/server.h"

#include <unistd.h>

#include <array>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "runtime/dns/answer.h"
#include "runtime/dns/udp.h"
#include "runtime/net/net.h"

namespace smic::dns {
namespace {

constexpr int kPortsTried = 16;  // until one is free for both UDP and TCP

struct Sockets {
  int udp;
  int tcp;
  net::SocketAddress address;
};

// With port 0 the kernel chooses for TCP, and somebody may have that port of UDP already.
Result<Sockets> bind_both(const net::SocketAddress& wanted) {
  for (int left = kPortsTried;; --left) {
    const auto tcp = net::listen_on(wanted);
    if (!tcp) return std::unexpected(tcp.error());
    const net::SocketAddress bound = net::SocketAddress::local_of(*tcp);
    const auto udp = bind_udp(bound);
    if (udp) return Sockets{*udp, *tcp, bound};
    ::close(*tcp);
    if (wanted.port() != 0 || left == 1) return std::unexpected(udp.error());
  }
}

class Connection {
 public:
  Connection(net::Loop& loop, int fd)
      : stream(loop, fd), deadline(loop.deadlines(), give_up, this) {}

  net::Stream stream;
  net::Deadline deadline;

 private:
  static void give_up(void* self) { static_cast<Connection*>(self)->stream.abort(); }
};

class RunningServer final : public Server {
 public:
  explicit RunningServer(const Sockets& sockets)
      : address_(sockets.address.to_string()),
        listeners_(
            loop_, [this](std::uint32_t, int fd, const net::SocketAddress&) { accept(fd); },
            [this](std::uint32_t, int socket) { answer_all(socket); }) {
    listeners_.add(kTcp, sockets.tcp, net::Listeners::Kind::connections);
    listeners_.add(kUdp, sockets.udp, net::Listeners::Kind::datagrams);
    thread_ = std::thread([this] { loop_.run(); });
  }

  ~RunningServer() override {
    loop_.post([this] {
      stopping_ = true;
      listeners_.close(kTcp);
      listeners_.close(kUdp);
      for (Connection* each : connections_) each->stream.abort();
      stop_when_alone();
    });
    thread_.join();
  }

  void use(std::shared_ptr<const Zones> zones) override {
    const std::lock_guard lock(mutex_);
    zones_.swap(zones);
  }

  std::string address() const override { return address_; }

 private:
  static constexpr std::uint32_t kTcp = 0, kUdp = 1;  // listeners
  using Connections = std::list<Connection*>;         // the one that was silent for longest first

  std::shared_ptr<const Zones> zones() {
    const std::lock_guard lock(mutex_);
    return zones_;
  }

  void answer_all(int socket) {
    answer_datagrams(socket, [this](std::string_view query) {
      return answer(zones().get(), query, Transport::udp);
    });
  }

  void accept(int fd) {
    if (stopping_) {
      ::close(fd);
      return;
    }
    if (connections_.size() >= kMaxConnections) connections_.front()->stream.abort();
    net::spawn(serve(fd));
  }

  net::Task<> serve(int fd) {
    Connection connection(loop_, fd);
    const auto place = connections_.insert(connections_.end(), &connection);
    while (co_await serve_question(connection)) {
      connections_.splice(connections_.end(), connections_, place);
    }
    connections_.erase(place);
    stop_when_alone();
  }

  // False: the connection is at its end.
  net::Task<bool> serve_question(Connection& connection) {
    connection.deadline.expire_in(kConnectionPatience);
    std::array<char, 2> length;
    if (!co_await fill(connection.stream, length)) co_return false;
    std::string query(two_bytes(length), '\0');
    if (!co_await fill(connection.stream, query)) co_return false;
    std::string reply = answer(zones().get(), query, Transport::tcp);
    if (reply.empty()) co_return false;  // whoever sends this speaks something else
    length = {static_cast<char>(reply.size() >> 8), static_cast<char>(reply.size())};
    std::array<iovec, 2> pieces{net::piece({length.data(), length.size()}), net::piece(reply)};
    co_return co_await connection.stream.write(pieces) == net::IoStatus::ok;
  }

  static net::Task<bool> fill(net::Stream& stream, std::span<char> room) {
    while (!room.empty()) {
      const net::IoResult read = co_await stream.read(room);
      if (read.status != net::IoStatus::ok) co_return false;
      room = room.subspan(read.size);
    }
    co_return true;
  }

  static std::size_t two_bytes(const std::array<char, 2>& bytes) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
           static_cast<unsigned char>(bytes[1]);
  }

  void stop_when_alone() {
    if (stopping_ && connections_.empty()) loop_.stop();
  }

  std::string address_;
  net::Loop loop_;
  net::Listeners listeners_;
  Connections connections_;
  std::mutex mutex_;
  std::shared_ptr<const Zones> zones_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const std::string& address) {
  const auto wanted = net::SocketAddress::parse(address);
  if (!wanted) return std::unexpected(wanted.error());
  const auto sockets = bind_both(*wanted);
  if (!sockets) return std::unexpected(sockets.error());
  return std::make_unique<RunningServer>(*sockets);
}

}  // namespace smic::dns

// SPDX-License-Identifier: Apache-2.0
// One thread, one loop. The zones in force are a pointer under a lock, taken once a question: when
// use() has returned, no question is answered from the zones before. (Posted to the loop, a
// question that came after could be taken up before the post.)
//
// A TCP connection carries questions one after the other, each behind two bytes of length (RFC 1035
// §4.2.2, RFC 7766), and is answered in their order. Tested by server_test.cpp.
#include "runtime/dns/server.h"

#include <unistd.h>

#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "runtime/dns/answer.h"
#include "runtime/dns/read_framed.h"
#include "runtime/dns/resolver.h"
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
  RunningServer(const Sockets& sockets, std::vector<net::SocketAddress> resolvers)
      : address_(sockets.address.to_string()),
        resolver_(loop_, std::move(resolvers)),
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
      resolver_.abort();
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

  // Empty where the answer comes later, by then().
  std::string answer_now(std::string_view query, Transport transport, Abroad& abroad) {
    return answer(zones().get(), query, transport, resolver_.any() ? &abroad : nullptr);
  }

  // Too many that wait: the answer that was given instead, a failure, goes out.
  bool can_wait() const { return waiting_ < kMaxWaiting; }

  void answer_all(int socket) {
    answer_datagrams(socket, [this](std::string_view query, const Asker& asker) {
      Abroad abroad;
      std::string reply = answer_now(query, Transport::udp, abroad);
      if (!abroad.wanted || !can_wait()) return reply;
      net::spawn(answer_later(std::string(query), asker, std::move(abroad)));
      return std::string();
    });
  }

  net::Task<> answer_later(std::string query, Asker asker, Abroad abroad) {
    ++waiting_;
    const std::string reply = co_await resolve(query, Transport::udp, std::move(abroad));
    --waiting_;
    const int socket = listeners_.socket_of(kUdp);
    if (socket >= 0) send_answer(socket, asker, reply);
    stop_when_alone();
  }

  // The zones may have changed meanwhile and lead elsewhere: then this is a failure, and the next
  // question finds its way.
  net::Task<std::string> resolve(std::string_view query, Transport transport, Abroad abroad) {
    abroad.resolved = co_await resolver_.resolve(*abroad.wanted);
    co_return answer(zones().get(), query, transport, &abroad);
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
    std::string query;
    if (!co_await read_framed(connection.stream, query)) co_return false;
    Abroad abroad;
    std::string reply = answer_now(query, Transport::tcp, abroad);
    if (abroad.wanted && can_wait()) {
      ++waiting_;
      reply = co_await resolve(query, Transport::tcp, std::move(abroad));
      --waiting_;
    }
    if (reply.empty()) co_return false;  // whoever sends this speaks something else
    co_return co_await write_framed(connection.stream, reply);
  }

  void stop_when_alone() {
    if (stopping_ && connections_.empty() && waiting_ == 0) loop_.stop();
  }

  std::string address_;
  net::Loop loop_;
  Resolver resolver_;
  net::Listeners listeners_;
  Connections connections_;
  std::size_t waiting_ = 0;  // for the resolver
  std::mutex mutex_;
  std::shared_ptr<const Zones> zones_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const std::string& address,
                                              const std::vector<std::string>& resolvers) {
  const auto wanted = net::SocketAddress::parse(address);
  if (!wanted) return std::unexpected(wanted.error());
  std::vector<net::SocketAddress> servers;
  for (const std::string& resolver : resolvers) {
    const auto server = net::SocketAddress::parse(resolver);
    if (!server) return std::unexpected(server.error());
    servers.push_back(*server);
  }
  const auto sockets = bind_both(*wanted);
  if (!sockets) return std::unexpected(sockets.error());
  return std::make_unique<RunningServer>(*sockets, std::move(servers));
}

}  // namespace smic::dns

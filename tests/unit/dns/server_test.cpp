// SPDX-License-Identifier: Apache-2.0
#include "runtime/dns/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <vector>

#include "names.h"
#include "packets.h"
#include "runtime/net/net.h"

using namespace smic;

namespace {

class Socket {
 public:
  Socket(const std::string& server, int type) {
    const auto address = *net::SocketAddress::parse(server);
    fd_ = ::socket(address.family(), type, 0);
    const timeval patience{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(::connect(fd_, address.data(), address.size()) == 0);
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;

  void send(const std::string& bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  // Empty: the other side has closed.
  std::string receive(std::size_t size, int flags = 0) const {
    std::string bytes(size, '\0');
    const ssize_t got = ::recv(fd_, bytes.data(), size, flags);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  int fd_;
};

std::string framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} +
         message;
}

std::string receive_framed(const Socket& socket) {
  const std::string length = socket.receive(2, MSG_WAITALL);
  if (length.size() < 2) return {};
  return socket.receive(
      static_cast<unsigned char>(length[0]) * 256u + static_cast<unsigned char>(length[1]),
      MSG_WAITALL);
}

std::unique_ptr<dns::Server> started(const std::string& address = "127.0.0.1:0") {
  auto server = dns::Server::start(address);
  REQUIRE(server);
  (*server)->use(std::make_shared<dns::Zones>(dns::Zones::build(test::shop(), 1)));
  return std::move(*server);
}

std::string ask_udp(const std::string& server) {
  const Socket socket(server, SOCK_DGRAM);
  socket.send(test::bytes_of({}));
  return socket.receive(65535);
}

const std::vector<std::string> kWeb{"web.shop.mesh. 5 IN A 240.96.1.7"};

}  // namespace

TEST_CASE("the server answers by UDP and TCP on one port", "[dns]") {
  const auto server = started();
  CHECK(test::read(ask_udp(server->address())).answer == kWeb);
  const Socket tcp(server->address(), SOCK_STREAM);
  tcp.send(framed(test::bytes_of({})));
  CHECK(test::read(receive_framed(tcp)).answer == kWeb);
}

TEST_CASE("a wildcard server answers from the address that was asked", "[dns]") {
  // A connected socket takes answers from nobody else.
  const auto server = started("0.0.0.0:0");
  const std::string port = server->address().substr(server->address().rfind(':'));
  CHECK(test::read(ask_udp("127.0.0.77" + port)).answer == kWeb);
  const auto six = dns::Server::start("[::]:0");
  if (!six) return;  // a machine without IPv6
  const std::string six_port = (*six)->address().substr((*six)->address().rfind(':'));
  CHECK(test::read(ask_udp("[::1]" + six_port)).rcode == 2);
}

TEST_CASE("new zones take the place of old ones, and before the first is SERVFAIL", "[dns]") {
  auto server = *dns::Server::start("127.0.0.1:0");
  CHECK(test::read(ask_udp(server->address())).rcode == 2);
  server->use(std::make_shared<dns::Zones>(dns::Zones::build(test::shop(), 1)));
  CHECK(test::read(ask_udp(server->address())).answer == kWeb);
  server->use(std::make_shared<dns::Zones>());
  CHECK(test::read(ask_udp(server->address())).rcode == 5);
}

TEST_CASE("a TCP connection carries many questions, in whatever pieces they come", "[dns]") {
  const auto server = started();
  const Socket tcp(server->address(), SOCK_STREAM);
  std::string all;
  for (std::uint16_t id = 0; id < 20; ++id) all += framed(test::bytes_of({.id = id}));
  tcp.send(all.substr(0, 1));
  tcp.send(all.substr(1, 30));
  tcp.send(all.substr(31));
  for (std::uint16_t id = 0; id < 20; ++id) {
    const std::string reply = receive_framed(tcp);
    CHECK(static_cast<unsigned char>(reply.at(1)) == id);
    CHECK(test::read(reply).answer == kWeb);
  }
}

TEST_CASE("what is no query ends a TCP connection, and is passed over by UDP", "[dns]") {
  const auto server = started();
  const Socket tcp(server->address(), SOCK_STREAM);
  tcp.send(framed("GET / HTTP"));
  CHECK(tcp.receive(1).empty());
  const Socket empty(server->address(), SOCK_STREAM);
  empty.send(framed(""));
  CHECK(empty.receive(1).empty());
  const Socket udp(server->address(), SOCK_DGRAM);
  udp.send("short");
  udp.send(test::bytes_of({.flags = 0x8000}));
  udp.send(test::bytes_of({.id = 5}));
  CHECK(udp.receive(65535).at(1) == 5);
}

TEST_CASE("silent connections give way to new ones", "[dns]") {
  const auto server = started();
  std::vector<std::unique_ptr<Socket>> silent;
  for (std::size_t i = 0; i < dns::kMaxConnections + 20; ++i) {
    silent.push_back(std::make_unique<Socket>(server->address(), SOCK_STREAM));
  }
  const Socket fresh(server->address(), SOCK_STREAM);
  fresh.send(framed(test::bytes_of({})));
  CHECK(test::read(receive_framed(fresh)).answer == kWeb);
  CHECK(silent.front()->receive(1).empty());
}

TEST_CASE("an address that is none, or is taken, is told", "[dns]") {
  CHECK_FALSE(dns::Server::start("nowhere"));
  CHECK_FALSE(dns::Server::start("192.0.2.1:53"));
}

TEST_CASE("the server ends with connections open", "[dns]") {
  auto server = started();
  const Socket tcp(server->address(), SOCK_STREAM);
  tcp.send("\1");
  server.reset();
  CHECK(tcp.receive(1).empty());
}

namespace {

std::string closed_port() {
  const int fd = *net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"));
  const std::string address = net::SocketAddress::local_of(fd).to_string();
  ::close(fd);
  return address;
}

// Stands for the cluster's DNS: it knows docs.example.org.
std::unique_ptr<dns::Server> outside(const std::string& service) {
  contract::Names names{.mesh_zones = {"org"}};
  names.services.push_back(
      {contract::ServiceNames{.service = service, .mesh_addresses = {"192.0.2.7", "2001:db8::7"}}});
  auto server = *dns::Server::start("127.0.0.1:0");
  server->use(std::make_shared<dns::Zones>(dns::Zones::build(names, 1)));
  return server;
}

test::Reading ask_docs(const dns::Server& server, std::uint16_t type, int kind) {
  const Socket socket(server.address(), kind);
  const std::string query = test::bytes_of({.name = "docs.shop.svc.cluster.local", .type = type});
  socket.send(kind == SOCK_DGRAM ? query : framed(query));
  return test::read(kind == SOCK_DGRAM ? socket.receive(65535) : receive_framed(socket));
}

std::unique_ptr<dns::Server> started_with(const std::vector<std::string>& resolvers) {
  auto server = *dns::Server::start("127.0.0.1:0", resolvers);
  server->use(std::make_shared<dns::Zones>(dns::Zones::build(test::shop(), 1)));
  return server;
}

}  // namespace

TEST_CASE("what an ExternalName leads to outside of our zones is asked of a resolver", "[dns]") {
  const auto resolver = outside("example/docs");
  const auto nobody = closed_port();
  const auto server = started_with({nobody, resolver->address()});  // the first one is away
  const std::string alias = "docs.shop.svc.cluster.local. 5 IN CNAME docs.example.org.";
  for (const int kind : {SOCK_DGRAM, SOCK_STREAM}) {
    CHECK(ask_docs(*server, 1, kind).answer ==
          std::vector<std::string>{alias, "docs.example.org. 5 IN A 192.0.2.7"});
    CHECK(ask_docs(*server, 28, kind).answer ==
          std::vector<std::string>{alias, "docs.example.org. 5 IN AAAA 2001:db8::7"});
    CHECK(ask_docs(*server, 16, kind).answer == std::vector<std::string>{alias});
  }
}

TEST_CASE("a resolver's no is ours, and its silence a failure", "[dns]") {
  const auto other = outside("example/other");
  const auto no = ask_docs(*started_with({other->address()}), 1, SOCK_DGRAM);
  CHECK(no.rcode == 3);
  CHECK(no.answer.size() == 1);
  CHECK(ask_docs(*started_with({closed_port()}), 1, SOCK_DGRAM).rcode == 2);
  // One that refuses (ourselves, say) is no help.
  contract::Names none;
  auto refuses = *dns::Server::start("127.0.0.1:0");
  refuses->use(std::make_shared<dns::Zones>(dns::Zones::build(none, 1)));
  CHECK(ask_docs(*started_with({refuses->address()}), 1, SOCK_STREAM).rcode == 2);
}

TEST_CASE("a server that waits for a resolver ends at once", "[dns]") {
  // Listens, and never answers.
  const int silent = *net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"));
  const std::string address = net::SocketAddress::local_of(silent).to_string();
  auto server = started_with({address, address});
  const Socket socket(server->address(), SOCK_DGRAM);
  socket.send(test::bytes_of({.name = "docs.shop.svc.cluster.local"}));
  socket.send(test::bytes_of({}));
  CHECK(test::read(socket.receive(65535)).answer == kWeb);  // others do not wait
  server.reset();
  ::close(silent);
}

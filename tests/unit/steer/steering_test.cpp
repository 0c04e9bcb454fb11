// SPDX-License-Identifier: Apache-2.0
// Real routes and a real sk_lookup program, in network namespaces that the tests make.
#include "runtime/steer/steering.h"

#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/support/datagram_socket.h"
#include "tests/support/pod.h"
#include "tests/support/raw_socket.h"

using namespace smic;
using namespace smic::steer;
using test::DatagramSocket;
using test::Pod;
using test::RawSocket;
using Transport = net::Listeners::Kind;
using How = RangeStatus::How;

namespace {

const std::vector<std::string> kRanges{"240.0.0.0/7", "fd73:6d69:6300::/48"};

net::SocketAddress at(const std::string& ip, std::uint16_t port) {
  return *net::SocketAddress::parse(ip, port);
}

bool readable(int fd, int milliseconds) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, milliseconds) == 1;
}

// A proxy that only says where each connection was for.
class Door {
 public:
  explicit Door(std::size_t workers = 1, Mode mode = Mode::automatic)
      : steering(nullptr, workers, mode) {
    REQUIRE(steering.use(kRanges));
    for (std::size_t i = 0; i < workers; ++i) sockets.push_back(steering.take_sockets(i));
  }
  ~Door() {
    for (const auto& worker : sockets) {
      for (const int fd : worker) {
        if (fd >= 0) ::close(fd);
      }
    }
  }

  void serve(const std::string& ip, std::uint16_t port, Transport transport) {
    REQUIRE(steering.add(at(ip, port), transport));
  }
  // "240.0.0.1:80 from 10.99.1.2", or "nothing".
  std::string accept(IpFamily family = IpFamily::v4, std::size_t worker = 0) {
    const int fd = sockets[worker][kind_of(family, Transport::connections)];
    if (!readable(fd, 2000)) return "nothing";
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const RawSocket socket(::accept(fd, reinterpret_cast<sockaddr*>(&peer), &size));
    return net::SocketAddress::local_of(socket.fd()).to_string() + " from " +
           net::SocketAddress::of(peer).ip();
  }

  Steering steering;
  std::vector<std::array<int, kKinds>> sockets;
};

// 0, or why not. Where no route leads nobody says anything: EINPROGRESS.
int connect_error(const std::string& ip, std::uint16_t port) {
  const net::SocketAddress to = at(ip, port);
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{0, 500'000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int error = ::connect(fd, to.data(), to.size()) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

int connect_from(Pod& pod, const std::string& ip, std::uint16_t port) {
  int error = 0;
  pod.run([&] { error = connect_error(ip, port); });
  return error;
}

}  // namespace

TEST_CASE("a connection to any address and port that is served arrives, as it was dialled",
          "[steering]") {
  test::become_a_node();
  Pod pod(1);
  Door door;
  for (const RangeStatus& range : door.steering.status()) {
    INFO(range.reason);
    CHECK(range.how == How::steered);
  }
  for (const std::uint16_t port : {1, 80, 9080, 65535}) {
    door.serve("240.96.1.7", port, Transport::connections);
    CHECK(connect_from(pod, "240.96.1.7", port) == 0);
    CHECK(door.accept() == "240.96.1.7:" + std::to_string(port) + " from 10.99.1.2");
  }
  door.serve("fd73:6d69:6300::7", 80, Transport::connections);
  CHECK(connect_from(pod, "fd73:6d69:6300::7", 80) == 0);
  CHECK(door.accept(IpFamily::v6) == "[fd73:6d69:6300::7]:80 from fd99:1::2");
  // The node itself is nobody's pod.
  CHECK(connect_error("240.96.1.7", 80) == 0);
  CHECK(door.accept() == "240.96.1.7:80 from 240.96.1.7");
}

TEST_CASE("what is not served is refused at once, whoever listens on the wildcard address",
          "[steering]") {
  test::become_a_node();
  Pod pod(1);
  Door door;
  const RawSocket stranger(*net::listen_on(at("0.0.0.0", 80)));
  const RawSocket other(*net::listen_on(at("::", 81)));
  CHECK(connect_from(pod, "240.96.1.7", 80) == ECONNREFUSED);
  CHECK(connect_from(pod, "fd73:6d69:6300::7", 81) == ECONNREFUSED);
  door.serve("240.96.1.7", 80, Transport::connections);
  CHECK(connect_from(pod, "240.96.1.7", 80) == 0);
  CHECK(door.accept() == "240.96.1.7:80 from 10.99.1.2");
  CHECK(connect_from(pod, "240.96.1.7", 443) == ECONNREFUSED);
  CHECK(connect_from(pod, "240.96.1.8", 80) == ECONNREFUSED);
  // Other addresses are the stranger's as ever, and the range ends where it ends.
  CHECK(connect_from(pod, "10.99.1.1", 80) == 0);
  CHECK(connect_from(pod, "242.0.0.1", 80) != 0);
  door.steering.remove(at("240.96.1.7", 80), Transport::connections);
  CHECK(connect_from(pod, "240.96.1.7", 80) == ECONNREFUSED);
}

TEST_CASE("datagrams tell what they were sent to, and are answered from there", "[steering]") {
  test::become_a_node();
  Pod pod(1);
  Door door;
  const bool v6 = GENERATE(false, true);
  const std::string ip = v6 ? "fd73:6d69:6300::7" : "240.96.1.7";
  INFO(ip);
  door.serve(ip, 53, Transport::datagrams);
  const auto answers = open_answers(at(ip, 53));
  REQUIRE(answers);
  std::optional<DatagramSocket> client;
  pod.run([&] {
    client.emplace(ip, 53, v6 ? pod.address_v6() : pod.address());
    client->send("question");
  });
  const int fd = door.sockets[0][kind_of(v6 ? IpFamily::v6 : IpFamily::v4, Transport::datagrams)];
  REQUIRE(readable(fd, 2000));
  net::DatagramBatch batch;
  REQUIRE(batch.receive(fd).value() == 1);
  CHECK(batch.sender(0).ip() == (v6 ? pod.address_v6() : pod.address()));
  REQUIRE(batch.destination(0).has_value());
  CHECK(*batch.destination(0) == at(ip, 53));
  const net::SocketAddress to = batch.sender(0);
  CHECK(batch.send(answers->get(), 0, 1, &to).datagrams == 1);
  CHECK(client->receive() == "question");
  CHECK(client->sender() == at(ip, 53).to_string());
  // The socket for answers takes nothing, also when nothing is steered any more.
  door.steering.stop();
  client->send("another");
  CHECK_FALSE(readable(answers->get(), 100));
}

TEST_CASE("workers share what is steered", "[steering]") {
  test::become_a_node();
  Pod pod(1);
  Door door(2);
  door.serve("240.96.1.7", 80, Transport::connections);
  std::array<int, 2> got{};
  for (int i = 0; i < 64; ++i) {
    REQUIRE(connect_from(pod, "240.96.1.7", 80) == 0);
    const int second = door.sockets[1][0];
    const std::size_t worker = readable(second, 0) ? 1 : 0;
    CHECK(door.accept(IpFamily::v4, worker).starts_with("240.96.1.7:80"));
    ++got[worker];
  }
  CHECK(got[0] > 8);
  CHECK(got[1] > 8);
}

TEST_CASE("a successor takes over at once, and each takes only its own away", "[steering]") {
  test::become_a_node();
  Pod pod(1);
  auto first = std::make_unique<Door>();
  first->serve("240.96.1.7", 80, Transport::connections);
  CHECK(connect_from(pod, "240.96.1.7", 80) == 0);
  auto second = std::make_unique<Door>();
  // It refuses what it does not know yet, and that counts for nothing while another one knows it.
  CHECK(connect_from(pod, "240.96.1.7", 80) == 0);
  second->serve("240.96.1.7", 80, Transport::connections);
  CHECK(connect_from(pod, "240.96.1.7", 80) == 0);
  CHECK(second->accept().starts_with("240.96.1.7:80"));
  CHECK(netlink::ours()->size() == 4);
  for (int i = 0; i < 2; ++i) CHECK(first->accept().starts_with("240.96.1.7:80"));
  first.reset();
  CHECK(netlink::ours()->size() == 2);
  CHECK(connect_from(pod, "240.96.1.7", 80) == 0);
  CHECK(second->accept().starts_with("240.96.1.7:80"));
  second.reset();
  CHECK(netlink::ours()->empty());
  CHECK(connect_from(pod, "240.96.1.7", 80) != 0);
}

TEST_CASE("what a crash has left is taken over or removed", "[steering]") {
  test::become_a_node();
  const IpRange v4 = *IpRange::parse("240.0.0.0/7"), old = *IpRange::parse("250.0.0.0/8");
  for (const std::uint32_t metric : {1, 2, 9}) REQUIRE(netlink::add({v4, metric}));
  REQUIRE(netlink::add({old, 1}));
  {
    Door door;
    CHECK(*netlink::ours() ==
          std::vector<netlink::LocalRoute>{{v4, 1}, {*IpRange::parse("fd73:6d69:6300::/48"), 1}});
    CHECK(door.steering.complete());
  }
  CHECK(netlink::ours()->empty());
}

TEST_CASE("ranges come and go", "[steering]") {
  test::become_a_node();
  Pod pod(1);
  Door door;
  door.serve("240.0.0.1", 80, Transport::connections);
  REQUIRE(door.steering.use({"250.0.0.0/8"}));
  INFO(door.steering.status().at(0).reason);
  CHECK(door.steering.steers(at("250.1.2.3", 80)));
  CHECK_FALSE(door.steering.steers(at("240.0.0.1", 80)));
  CHECK(connect_from(pod, "240.0.0.1", 80) != 0);
  door.serve("250.1.2.3", 80, Transport::connections);
  CHECK(connect_from(pod, "250.1.2.3", 80) == 0);
  REQUIRE(door.steering.use({}));
  CHECK(connect_from(pod, "250.1.2.3", 80) != 0);
  CHECK(netlink::ours()->empty());
  CHECK(door.steering.use({"250.0.0.0"}).error().message ==
        "mesh ranges: `250.0.0.0` is not a range of addresses like 240.0.0.0/7");
}

TEST_CASE("a node that does not allow it says so, range by range", "[steering]") {
  test::become_a_node();
  std::thread([] {
    REQUIRE(give_up_capabilities());
    Steering steering(nullptr, 1, Mode::automatic);
    REQUIRE(steering.use(kRanges));
    CHECK_FALSE(steering.complete());
    for (const RangeStatus& range : steering.status()) {
      CHECK(range.how == How::unavailable);
      CHECK(range.reason.ends_with("Operation not permitted"));
    }
  }).join();
  Steering steering(nullptr, 1, Mode::bind);
  REQUIRE(steering.use(kRanges));
  CHECK(steering.complete());
  CHECK_FALSE(steering.steers(at("240.0.0.1", 80)));
  for (const RangeStatus& range : steering.status()) CHECK(range.how == How::bound);
  const RawSocket bound(*net::listen_on(at("240.0.0.1", 80)));
  CHECK(connect_error("240.0.0.1", 80) == 0);
}

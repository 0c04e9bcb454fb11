// SPDX-License-Identifier: Apache-2.0
#include "controller/cluster_dns/verify.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "tests/support/datagram_socket.h"

using namespace smic;
using namespace std::chrono_literals;
using cluster_dns::Expectation;
using cluster_dns::keep_asking_outside;
using cluster_dns::Patience;
using cluster_dns::Server;
using test::DatagramBackend;

namespace {

constexpr int kNxDomain = 3;

const Expectation kOutside{.outside = "kubernetes.default.svc.cluster.local"};

std::string answer(std::string asked, int rcode) {
  asked[2] = static_cast<char>(0x81);
  asked[3] = static_cast<char>(0x80 | rcode);
  return asked;
}

std::function<std::vector<Server>()> only(const DatagramBackend& server) {
  return [&server] { return std::vector<Server>{{"127.0.0.1", server.port(), ""}}; };
}

}  // namespace

TEST_CASE("a DNS server that reloads is asked until it answers", "[cluster_dns]") {
  std::atomic<int> questions = 0;
  DatagramBackend server([&](const std::string& asked) -> std::optional<std::string> {
    switch (++questions) {
      case 1: return std::nullopt;
      case 2: return answer(asked, 2);  // SERVFAIL: nothing that it is asked for has been read yet
      default: return answer(asked, kNxDomain);
    }
  });
  const http::Stop stop;
  const auto rcode = keep_asking_outside(only(server), stop, kOutside, {100ms, 1ms, 60s});
  REQUIRE(rcode);
  CHECK(*rcode == kNxDomain);
  CHECK(questions == 3);
}

TEST_CASE("a DNS server that stays silent is told of when the time is over", "[cluster_dns]") {
  DatagramBackend server([](const std::string&) { return std::nullopt; });
  const http::Stop stop;
  const auto rcode = keep_asking_outside(only(server), stop, kOutside, {10ms, 1ms, 50ms});
  REQUIRE_FALSE(rcode);
  CHECK(rcode.error().message.ends_with("was asked for " + kOutside.outside +
                                        " and said nothing"));
  CHECK(server.received() > 1);
}

TEST_CASE("who stops, or wants something else by now, waits for no server", "[cluster_dns]") {
  DatagramBackend server([](const std::string&) { return std::nullopt; });
  http::Stop stop;
  Expectation outdated = kOutside;
  outdated.outdated = [] { return true; };
  CHECK_FALSE(keep_asking_outside(only(server), stop, outdated, {10ms, 1ms, 1h}));
  stop.stop();
  CHECK_FALSE(keep_asking_outside(only(server), stop, kOutside, {10ms, 1ms, 1h}));
}

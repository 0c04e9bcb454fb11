// SPDX-License-Identifier: Apache-2.0
#include "runtime/dns/answer.h"

#include <catch2/catch.hpp>

#include "names.h"
#include "packets.h"
#include "runtime/dns/message.h"

using namespace smic;
using dns::Transport;
using test::Question;
using test::Reading;
using Lines = std::vector<std::string>;

namespace {

constexpr int kNoError = 0, kFormErr = 1, kServFail = 2, kNxDomain = 3, kNotImp = 4, kRefused = 5,
              kBadVers = 16;
constexpr std::uint16_t kA = 1, kNs = 2, kCname = 5, kSoa = 6, kPtr = 12, kTxt = 16, kAaaa = 28,
                        kSrv = 33, kAny = 255;

const std::string kMeshSoa = "mesh. 5 IN SOA ns.dns.mesh. hostmaster.mesh. 42 7200 1800 86400 5";

dns::Zones zones() { return dns::Zones::build(test::shop(), 42); }

Reading ask(const Question& question, Transport transport = Transport::udp) {
  const dns::Zones all = zones();
  const std::string reply = dns::answer(&all, test::bytes_of(question), transport);
  Reading reading = test::read(reply);
  INFO(question.name);
  CHECK(reading.readable);
  return reading;
}

Lines answers(const std::string& name, std::uint16_t type) {
  const Reading reading = ask({.name = name, .type = type});
  CHECK(reading.rcode == kNoError);
  CHECK(reading.authoritative);
  return reading.answer;
}

void expect_nothing(const std::string& name, std::uint16_t type, int rcode,
                    const std::string& soa) {
  const Reading reading = ask({.name = name, .type = type});
  INFO(name << " " << type);
  CHECK(reading.rcode == rcode);
  CHECK(reading.authoritative);
  CHECK(reading.answer.empty());
  CHECK(reading.authority == Lines{soa});
}

}  // namespace

TEST_CASE("a mesh name leads to the mesh addresses, in every mesh zone", "[dns]") {
  CHECK(answers("web.shop.mesh", kA) == Lines{"web.shop.mesh. 5 IN A 240.96.1.7"});
  CHECK(answers("web.shop.mesh", kAaaa) == Lines{"web.shop.mesh. 5 IN AAAA fd00::7"});
  CHECK(answers("web.shop.maesh", kA) == Lines{"web.shop.maesh. 5 IN A 240.96.1.7"});
  CHECK(answers("web.shop.traefik.mesh", kA) == Lines{"web.shop.traefik.mesh. 5 IN A 240.96.1.7"});
}

TEST_CASE("names with hyphens are told apart", "[dns]") {
  CHECK(answers("web.shop-a.mesh", kA) == Lines{"web.shop-a.mesh. 5 IN A 240.96.1.9"});
  CHECK(answers("web-a.shop.mesh", kA) == Lines{"web-a.shop.mesh. 5 IN A 240.96.1.10"});
  expect_nothing("web-shop.a.mesh", kA, kNxDomain, kMeshSoa);
}

TEST_CASE("letters compare without case, and the question comes back as it was written", "[dns]") {
  const Reading reading = ask({.name = "wEb.SHOP.Mesh"});
  CHECK(reading.question == Lines{"wEb.SHOP.Mesh. IN A"});
  CHECK(reading.answer == Lines{"wEb.SHOP.Mesh. 5 IN A 240.96.1.7"});
}

TEST_CASE("a name that is not there is told from one without such a record", "[dns]") {
  expect_nothing("nobody.shop.mesh", kA, kNxDomain, kMeshSoa);
  expect_nothing("pod-0.web.shop.mesh", kA, kNxDomain, kMeshSoa);
  expect_nothing("web.shop.mesh", kTxt, kNoError, kMeshSoa);
  expect_nothing("web.shop-a.mesh", kAaaa, kNoError, kMeshSoa);
  // Names between others exist, whatever is at them.
  expect_nothing("shop.mesh", kA, kNoError, kMeshSoa);
  expect_nothing("_tcp.web.shop.mesh", kSrv, kNoError, kMeshSoa);
  expect_nothing("_udp.web.shop-a.mesh", kSrv, kNxDomain, kMeshSoa);
  expect_nothing("mesh", kA, kNoError, kMeshSoa);
}

TEST_CASE("the apex has SOA and NS", "[dns]") {
  CHECK(answers("mesh", kSoa) == Lines{kMeshSoa});
  CHECK(answers("mesh", kNs) == Lines{"mesh. 5 IN NS ns.dns.mesh."});
}

TEST_CASE("what is in none of our zones is refused", "[dns]") {
  for (const char* name : {"example.org", "", "arpa", "web.other.svc.cluster.local",
                           "svc.cluster.local", "amesh", "me\003sh"}) {
    const Reading reading = ask({.name = name});
    INFO(name);
    CHECK(reading.rcode == kRefused);
    CHECK_FALSE(reading.authoritative);
    CHECK(reading.authority.empty());
  }
}

TEST_CASE("named ports have SRV records, and the target's addresses come along", "[dns]") {
  const Reading reading = ask({.name = "_http._tcp.web.shop.mesh", .type = kSrv});
  CHECK(reading.answer == Lines{"_http._tcp.web.shop.mesh. 5 IN SRV 0 100 80 web.shop.mesh."});
  CHECK(reading.additional ==
        Lines{"web.shop.mesh. 5 IN A 240.96.1.7", "web.shop.mesh. 5 IN AAAA fd00::7"});
  CHECK(answers("_dns._udp.web.shop.maesh", kSrv) ==
        Lines{"_dns._udp.web.shop.maesh. 5 IN SRV 0 100 53 web.shop.maesh."});
  expect_nothing("_http._udp.web.shop.mesh", kSrv, kNxDomain, kMeshSoa);
}

TEST_CASE("a plain namespace answers as Kubernetes' DNS specification says", "[dns]") {
  const std::string soa =
      "shop.svc.cluster.local. 5 IN SOA ns.dns.shop.svc.cluster.local. "
      "hostmaster.shop.svc.cluster.local. 42 7200 1800 86400 5";
  const std::string below = ".shop.svc.cluster.local";

  // Meshed: the mesh address. Not meshed: the cluster's.
  CHECK(answers("web" + below, kA) == Lines{"web" + below + ". 5 IN A 240.96.1.7"});
  CHECK(answers("plain" + below, kA) == Lines{"plain" + below + ". 5 IN A 10.96.0.9"});
  CHECK(answers("plain" + below, kAaaa) == Lines{"plain" + below + ". 5 IN AAAA fd01::9"});

  // Headless: its pods, by name too.
  CHECK(answers("db" + below, kA) ==
        Lines{"db" + below + ". 5 IN A 10.0.0.5", "db" + below + ". 5 IN A 10.0.0.6"});
  CHECK(answers("db-1.db" + below, kA) == Lines{"db-1.db" + below + ". 5 IN A 10.0.0.6"});
  CHECK(answers("_sql._tcp.db" + below, kSrv) ==
        Lines{"_sql._tcp.db" + below + ". 5 IN SRV 0 100 5433 db-0.db" + below + ".",
              "_sql._tcp.db" + below + ". 5 IN SRV 0 100 5433 db-1.db" + below + "."});
  expect_nothing("db-2.db" + below, kA, kNxDomain, soa);

  // Leftovers of search paths are no names.
  expect_nothing("web.shop.mesh" + below, kA, kNxDomain, soa);
  expect_nothing("www.example.org" + below, kAaaa, kNxDomain, soa);
  expect_nothing("shop.svc.cluster.local", kA, kNoError, soa);
}

TEST_CASE("an ExternalName is an alias, followed where it stays with us", "[dns]") {
  const std::string docs = "docs.shop.svc.cluster.local";
  CHECK(answers(docs, kA) == Lines{docs + ". 5 IN CNAME docs.example.org."});
  CHECK(answers(docs, kCname) == Lines{docs + ". 5 IN CNAME docs.example.org."});
  CHECK(answers("old.shop.svc.cluster.local", kA) ==
        Lines{"old.shop.svc.cluster.local. 5 IN CNAME web.shop.svc.cluster.local.",
              "web.shop.svc.cluster.local. 5 IN A 240.96.1.7"});
}

TEST_CASE("aliases in a circle end", "[dns]") {
  contract::Names names = test::shop();
  names.services[2].edit().alias = "old.shop.svc.cluster.local";
  names.services[3].edit().alias = "docs.shop.svc.cluster.local";
  const dns::Zones circle = dns::Zones::build(names, 1);
  const std::string query = test::bytes_of({.name = "old.shop.svc.cluster.local"});
  CHECK(test::read(dns::answer(&circle, query, Transport::udp)).rcode == kServFail);
}

TEST_CASE("mesh addresses lead back to their mesh names", "[dns]") {
  CHECK(answers("7.1.96.240.in-addr.arpa", kPtr) ==
        Lines{"7.1.96.240.in-addr.arpa. 5 IN PTR web.shop.mesh."});
  const std::string six =
      "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa";
  CHECK(answers(six, kPtr) == Lines{six + ". 5 IN PTR web.shop.mesh."});
  CHECK(ask({.name = "8.8.8.8.in-addr.arpa", .type = kPtr}).rcode == kRefused);
  CHECK(ask({.name = "250.1.96.240.in-addr.arpa", .type = kPtr}).rcode == kNxDomain);
}

TEST_CASE("ANY gets one set of records", "[dns]") {
  CHECK(answers("web.shop.mesh", kAny) == Lines{"web.shop.mesh. 5 IN A 240.96.1.7"});
  CHECK(answers("docs.shop.svc.cluster.local", kAny).size() == 1);
  CHECK(answers("mesh", kAny) == Lines{kMeshSoa});
}

TEST_CASE("many pods are told from another one on each time, and cut with TC by UDP", "[dns]") {
  contract::Names names = test::shop();
  auto& db = names.services[1].edit();
  db.ports.clear();
  db.pods.clear();
  for (int i = 0; i < 200; ++i) {
    db.pods.push_back({"db-" + std::to_string(i), "10.0.1." + std::to_string(i), {}});
  }
  const dns::Zones many = dns::Zones::build(names, 1);
  const auto ask_id = [&](std::uint16_t id, int edns, Transport transport) {
    const Question question{.name = "db.shop.svc.cluster.local", .id = id, .edns_bytes = edns};
    const std::string reply = dns::answer(&many, test::bytes_of(question), transport);
    const std::size_t room = edns < 0 ? 512 : std::clamp(edns, 512, 1232);
    CHECK((transport == Transport::tcp || reply.size() <= room));
    return test::read(reply);
  };
  const Reading whole = ask_id(0, -1, Transport::tcp);
  CHECK(whole.answer.size() == 200);
  CHECK_FALSE(whole.truncated);
  CHECK(ask_id(7, -1, Transport::tcp).answer.front() == whole.answer[7]);
  CHECK(ask_id(207, -1, Transport::tcp).answer.front() == whole.answer[7]);

  std::size_t last = 0;
  for (const int edns : {0, 511, 512, 1000, 1232, 4096}) {
    const Reading cut = ask_id(3, edns, Transport::udp);
    CHECK(cut.truncated);
    CHECK(cut.edns);
    CHECK(cut.answer.size() >= last);
    CHECK(cut.answer.size() > 20);
    last = cut.answer.size();
  }
  CHECK(ask_id(3, -1, Transport::udp).truncated);
}

TEST_CASE("EDNS is answered in kind: DO comes back, and no version but 0 is known", "[dns]") {
  const Reading plain = ask({});
  CHECK_FALSE(plain.edns);
  const Reading edns = ask({.edns_bytes = 1232, .dnssec_ok = true});
  CHECK(edns.edns);
  CHECK(edns.dnssec_ok);
  CHECK(edns.answer.size() == 1);
  CHECK_FALSE(ask({.edns_bytes = 1232}).dnssec_ok);
  const Reading later = ask({.edns_bytes = 1232, .edns_version = 1});
  CHECK(later.rcode == kBadVers);
  CHECK(later.answer.empty());
  CHECK(later.question.size() == 1);
}

TEST_CASE("what is not a question for us gets the code that says so", "[dns]") {
  CHECK(ask({.klass = 3}).rcode == kRefused);       // CHAOS
  CHECK(ask({.klass = 255}).rcode == kRefused);     // ANY
  CHECK(ask({.type = 252}).rcode == kRefused);      // AXFR
  CHECK(ask({.type = 251}).rcode == kRefused);      // IXFR
  CHECK(ask({.type = 41}).rcode == kFormErr);       // OPT is no data
  CHECK(ask({.flags = 4 << 11}).rcode == kNotImp);  // NOTIFY
  CHECK(ask({.flags = 5 << 11}).rcode == kNotImp);  // UPDATE
  CHECK(ask({.type = 65280}).rcode == kNoError);    // an unknown type is a type
}

TEST_CASE("before the first manifest every question fails, for another to answer", "[dns]") {
  const std::string reply = dns::answer(nullptr, test::bytes_of({}), Transport::udp);
  CHECK(test::read(reply).rcode == kServFail);
}

TEST_CASE("id, RD and CD come back; nothing else that was sent does", "[dns]") {
  const dns::Zones all = zones();
  const std::string reply =
      dns::answer(&all, test::bytes_of({.id = 0xbeef, .flags = 0x07f0 & ~0x7800}), Transport::udp);
  CHECK(reply.substr(0, 4) == "\xbe\xef\x85\x10");  // QR AA RD, CD; neither RA, AD nor Z
}

TEST_CASE("names as long as they may be are answered", "[dns]") {
  const std::string label(63, 'x');
  const std::string longest =
      label + '.' + label + '.' + label + '.' + std::string(56, 'y') + ".mesh";
  REQUIRE(longest.size() == 253);
  expect_nothing(longest, kA, kNxDomain, kMeshSoa);
}

// SPDX-License-Identifier: Apache-2.0
// What is written is read back as what was wanted, and every edit of somebody's is seen.
#include "controller/shadow/standing.h"

#include <catch2/catch.hpp>

#include "controller/shadow/write_bodies.h"

using namespace smic;
using namespace smic::shadow;

namespace {

constexpr Port kHttp{80, Transport::tcp}, kDns{53, Transport::udp};

ServiceToWrite service() {
  return {"smic-system", "mesh-1", "shop/web", {{kHttp, 16'001}, {kDns, 16'002}}, {IpFamily::v4}};
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

const std::vector<SliceEndpoint> kEndpoints{{"n1", "10.0.0.1"}, {"n2", "10.0.0.2"}};

std::string slice() {
  return slice_body({"smic-system",
                     "mesh-1-v4",
                     "mesh-1",
                     "uid-1",
                     IpFamily::v4,
                     {{kHttp, 16'001}, {kDns, 16'002}},
                     &kEndpoints});
}

}  // namespace

TEST_CASE("a shadow Service's name is a label, whatever it is of", "[shadow]") {
  const std::string name = shadow_name({std::string(63, 'n'), std::string(63, 's')});
  CHECK(name.size() == 37);
  CHECK(name != shadow_name({"a-b", "c"}));
  CHECK(shadow_name({"a-b", "c"}) != shadow_name({"a", "b-c"}));
  CHECK(shadow_name({"shop", "web"}) == "mesh-97375646b1deb3d2d5c406cd15750035");
}

TEST_CASE("a shadow Service is read as it was written", "[shadow]") {
  const std::string written = with(
      with(service_body(service(), false), "\"spec\":{", R"("spec":{"clusterIPs":["10.96.1.2"],)"),
      "\"metadata\":{", R"("metadata":{"uid":"u","resourceVersion":"17",)");
  const StandingService read = read_service(written);
  CHECK(read.as_written);
  CHECK(read.uid == "u");
  CHECK(version_in(written) == "17");
  CHECK(read.of == "shop/web");
  CHECK(read.targets == service().targets);
  CHECK(read.families == std::vector{IpFamily::v4});
}

TEST_CASE("an edit of a shadow Service is seen", "[shadow]") {
  const std::string good = service_body(service(), false);
  REQUIRE(read_service(good).as_written);
  const auto edited = [&](const std::string& from, const std::string& to) {
    return read_service(with(good, from, to));
  };
  CHECK_FALSE(edited("\"Local\"", "\"Cluster\"").as_written);
  CHECK_FALSE(edited("\"ClusterIP\"", "\"NodePort\"").as_written);
  CHECK_FALSE(edited("\"None\"", "\"ClientIP\"").as_written);
  CHECK_FALSE(edited("\"spec\":{", R"("spec":{"selector":{"app":"web"},)").as_written);
  CHECK_FALSE(edited("\"spec\":{", R"("spec":{"externalIPs":["1.2.3.4"],)").as_written);
  CHECK_FALSE(edited("tcp-80", "http").as_written);
  CHECK_FALSE(
      edited("\"mesh.smic.dev/shadow\":\"true\"", "\"mesh.smic.dev/shadow\":\"no\"").as_written);
  CHECK(edited("16001", "16003").targets.at(kHttp) == 16'003);
  CHECK_FALSE(edited("16001", "\"http\"").as_written);
  CHECK_FALSE(read_service("{").as_written);
}

TEST_CASE("a slice is read as it was written, and an edit is seen", "[shadow]") {
  const StandingSlice read = read_slice(slice());
  CHECK(read.as_written);
  CHECK(read.service == "mesh-1");
  CHECK(read.owner == "uid-1");
  CHECK(read.family == IpFamily::v4);
  CHECK(read.targets == Targets{{kHttp, 16'001}, {kDns, 16'002}});
  CHECK(read.endpoints == hash_of(kEndpoints));
  const auto edited = [&](const std::string& from, const std::string& to) {
    return read_slice(with(slice(), from, to));
  };
  CHECK(edited("10.0.0.2", "10.0.0.3").endpoints != read.endpoints);
  CHECK(edited("\"n2\"", "\"n3\"").endpoints != read.endpoints);
  CHECK_FALSE(edited("\"ready\":true", "\"ready\":false").as_written);
  CHECK_FALSE(edited("\"smic.dev\"", "\"me\"").as_written);
  CHECK(edited("16001", "16009").targets != read.targets);
}

TEST_CASE("of a node its internal addresses are read", "[shadow]") {
  const Node node = read_node(R"({"metadata":{"name":"n1"},"status":{"addresses":[
      {"type":"Hostname","address":"n1"},{"type":"ExternalIP","address":"1.2.3.4"},
      {"type":"InternalIP","address":"10.0.0.1"},{"type":"InternalIP","address":"fd00::1"}]}})");
  CHECK(node.name == "n1");
  CHECK(node.addresses == std::vector{*IpAddress::parse("10.0.0.1"), *IpAddress::parse("fd00::1")});
}

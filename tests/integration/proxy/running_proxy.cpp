// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/proxy/running_proxy.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "runtime/net/address.h"

namespace smic::test {

TestUnit unit_to(std::uint16_t backend_port) {
  TestUnit unit;
  unit.port = free_port();
  unit.backends = {{"shop/web", 1, {backend_port}, "shop/app"}};
  return unit;
}

RunningProxy::RunningProxy(std::vector<TestUnit> given, proxy::Options options,
                           std::vector<TestPod> pods, std::vector<std::string> mesh_ranges)
    : mesh_ranges_(std::move(mesh_ranges)) {
  if (options.workers == 0) options.workers = 2;
  if (options.admin_address.empty()) options.admin_address = "127.0.0.1:0";
  auto started = proxy::Proxy::start(options);
  REQUIRE(started.has_value());
  proxy_ = std::move(*started);
  const auto applied = apply(std::move(given), std::move(pods));
  INFO((applied ? "" : applied.error().message));
  REQUIRE(applied.has_value());
}

RunningProxy::RunningProxy(std::uint16_t backend_port, proxy::Options options)
    : RunningProxy(std::vector{unit_to(backend_port)}, std::move(options)) {}

double RunningProxy::metric(const std::string& name) const {
  const auto admin = net::SocketAddress::parse(proxy_->admin_address());
  RawSocket socket = RawSocket::connect(admin->ip(), admin->port());
  REQUIRE(socket.send(request("/metrics")));
  const std::string text = socket.receive_response().body;
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
}

Result<void> RunningProxy::apply(std::vector<TestUnit> given, std::vector<TestPod> pods) {
  auto result = proxy_->apply(snapshot_of(++version_, given, pods, mesh_ranges_));
  if (result) units = std::move(given);
  return result;
}

RawSocket RunningProxy::client(const std::string& from, std::size_t unit) const {
  return RawSocket::connect(units[unit].address, units[unit].port, from);
}

Message RunningProxy::get(const std::string& path, const std::string& headers,
                          const std::string& from) const {
  RawSocket socket = client(from);
  REQUIRE(socket.send(request(path, headers)));
  return socket.receive_response();
}

std::uint32_t three_in_four(std::uint32_t, std::uint64_t entropy) {
  return entropy / 4 < std::uint64_t{3} << 60 ? 0 : 1;
}

proxy::Options one_worker() {
  proxy::Options options;
  options.workers = 1;
  return options;
}

std::string request(const std::string& path, const std::string& headers,
                    const std::string& method) {
  return method + " " + path + " HTTP/1.1\r\nHost: web.shop.mesh\r\n" + headers + "\r\n";
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

void only_class_one(const contract::RequestView* view, contract::Verdict* verdict) {
  *verdict = {};
  if (view->source_class == 1) verdict->allowed[0] = 1;
}

}  // namespace smic::test

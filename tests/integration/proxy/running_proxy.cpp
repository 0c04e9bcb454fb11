// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/proxy/running_proxy.h"

#include <catch2/catch.hpp>

namespace smic::test {

TestUnit unit_to(std::uint16_t backend_port) {
  TestUnit unit;
  unit.port = free_port();
  unit.backends = {{"shop/web", 1, {backend_port}, "shop/app"}};
  return unit;
}

RunningProxy::RunningProxy(std::vector<TestUnit> given, proxy::Options options,
                           std::vector<TestPod> pods) {
  if (options.workers == 0) options.workers = 2;
  auto started = proxy::Proxy::start(options);
  REQUIRE(started.has_value());
  proxy_ = std::move(*started);
  const auto applied = apply(std::move(given), std::move(pods));
  INFO((applied ? "" : applied.error().message));
  REQUIRE(applied.has_value());
}

RunningProxy::RunningProxy(std::uint16_t backend_port, proxy::Options options)
    : RunningProxy(std::vector{unit_to(backend_port)}, std::move(options)) {}

Result<void> RunningProxy::apply(std::vector<TestUnit> given, std::vector<TestPod> pods) {
  auto result = proxy_->apply(snapshot_of(++version_, given, pods));
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

std::string request(const std::string& path, const std::string& headers,
                    const std::string& method) {
  return method + " " + path + " HTTP/1.1\r\nHost: web.shop.mesh\r\n" + headers + "\r\n";
}

}  // namespace smic::test

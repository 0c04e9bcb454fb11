// SPDX-License-Identifier: Apache-2.0
// A proxy with one unit in front of given backends, and clients of it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/proxy/proxy.h"
#include "tests/support/raw_socket.h"
#include "tests/support/test_mesh.h"

namespace smic::test {

class RunningProxy {
 public:
  explicit RunningProxy(std::vector<TestUnit> units, proxy::Options options = {},
                        std::vector<TestPod> pods = {}, std::vector<std::string> mesh_ranges = {});
  // One permissive unit with one backend on these ports.
  explicit RunningProxy(std::uint16_t backend_port, proxy::Options options = {});

  RawSocket client(const std::string& from = "", std::size_t unit = 0) const;
  // One request on a connection of its own.
  Message get(const std::string& path = "/", const std::string& headers = "",
              const std::string& from = "") const;
  // A sample of /metrics by its name and labels; -1: it has none.
  double metric(const std::string& name) const;
  Result<void> apply(std::vector<TestUnit> units, std::vector<TestPod> pods = {});
  proxy::Proxy& operator*() { return *proxy_; }
  proxy::Proxy* operator->() { return proxy_.get(); }
  void stop() { proxy_.reset(); }
  std::vector<TestUnit> units;  // as applied last

 private:
  std::unique_ptr<proxy::Proxy> proxy_;
  std::vector<std::string> mesh_ranges_;
  std::uint64_t version_ = 0;
};

TestUnit unit_to(std::uint16_t backend_port);

// Waits until it is so. False: it was not, for long.
bool eventually(const std::function<bool()>& condition);

// Class 1 may reach destination 0, and nobody else anything.
void only_class_one(const contract::RequestView* view, contract::Verdict* verdict);

// A split of three in four to the first backend, one in four to the second.
std::uint32_t three_in_four(std::uint32_t route, std::uint64_t entropy);

// One sequence of splits, so that shares are exact.
proxy::Options one_worker();

// "GET PATH" with a Host and `headers`.
std::string request(const std::string& path = "/", const std::string& headers = "",
                    const std::string& method = "GET");

}  // namespace smic::test

// SPDX-License-Identifier: Apache-2.0
// What the controller did, for its /metrics. From any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "compiler/diagnostics/diagnostics.h"
#include "controller/api/server.h"
#include "controller/controller.h"

namespace smic::controller {

class Counts {
 public:
  void follow(const api::Server* server);  // null = there is none any more
  void take(const Result<Update>& update, const Diagnostics& diagnostics);
  std::string render() const;

 private:
  mutable std::mutex mutex_;
  const api::Server* server_ = nullptr;
  std::uint64_t updates_ = 0, refused_ = 0, compiled_ = 0, version_ = 0;
  double seconds_ = 0;
  std::size_t units_ = 0, nodes_ = 0;
  std::size_t without_address_ = 0, elsewhere_ = 0;  // Services
  std::map<std::string, std::size_t> diagnostics_;   // by code
};

}  // namespace smic::controller

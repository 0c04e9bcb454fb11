// SPDX-License-Identifier: Apache-2.0
// Zones on the wire: UDP and TCP on one address, on a thread of its own, so that no question waits
// for a request and no request for a question.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/dns/zones.h"

namespace smic::dns {

// Of TCP. When all are taken, the one that has been silent for longest gives way to a new one.
inline constexpr std::size_t kMaxConnections = 256;
// Questions that wait for a resolver. More get SERVFAIL.
inline constexpr std::size_t kMaxWaiting = 256;
// For the next whole question of a connection (RFC 7766 §6.2.3: seconds).
inline constexpr std::chrono::milliseconds kConnectionPatience{10'000};

class Server {
 public:
  // `address` as "127.0.0.1:53" or "[::]:53"; port 0 picks one that is free for both. Until use()
  // every question gets SERVFAIL. `resolvers`, as "10.96.0.10:53", are asked for what an
  // ExternalName leads to outside of our zones; without any its alias alone is the answer.
  static Result<std::unique_ptr<Server>> start(const std::string& address,
                                               const std::vector<std::string>& resolvers = {});
  virtual ~Server() = default;  // stops at once

  // From any thread; every question from then on is answered from these.
  virtual void use(std::shared_ptr<const Zones> zones) = 0;
  virtual std::string address() const = 0;  // as bound
};

}  // namespace smic::dns

// SPDX-License-Identifier: Apache-2.0
// Asks the cluster's DNS on behalf of who asked us for an ExternalName: CoreDNS hands our answer on
// as it is, and resolvers of C libraries follow no alias, so the answer must be whole.
//
// By TCP: nobody can slip an answer in, none is cut, and names of this kind are few; answers are
// kept for a few seconds. It asks only for names outside of our zones, so it cannot be led back to
// us.
#pragma once

#include <list>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/dns/resolved.h"
#include "runtime/net/net.h"

namespace smic::dns {

inline constexpr std::chrono::milliseconds kResolverPatience{2'000};  // of one server
inline constexpr std::chrono::seconds kKeptFor{5};                    // as our own TTL
inline constexpr std::size_t kMaxKept = 1024;

class Resolver {
 public:
  Resolver(net::Loop& loop, std::vector<net::SocketAddress> servers)
      : loop_(loop), servers_(std::move(servers)) {}

  bool any() const { return !servers_.empty(); }
  net::Task<Resolved> resolve(Outside wanted);
  void abort();  // every question ends at once, unanswered, and every later one

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    Resolved resolved;
    Clock::time_point until;
  };

  net::Task<std::optional<Resolved>> ask(net::SocketAddress server, Outside wanted);
  net::Task<std::optional<Resolved>> converse(net::Stream& stream, Outside wanted);

  net::Loop& loop_;
  const std::vector<net::SocketAddress> servers_;
  std::mt19937 ids_{std::random_device{}()};
  std::unordered_map<std::string, Kept> kept_;
  std::list<net::Stream*> streams_;
  bool aborted_ = false;
};

}  // namespace smic::dns

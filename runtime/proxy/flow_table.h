// SPDX-License-Identifier: Apache-2.0
// What is remembered per client and listener, as long as it is used. Bounded: who adds to a full
// table gets the place of what was used least recently. With one idle time for all, the order of
// use is also the order in which they expire, so there is no timer per flow, and neither adding,
// using nor expiring looks at more than it returns.
//
// Why the oldest gives way, and not the newcomer: most UDP is a question from a fresh port and its
// answer. Such flows are over after two datagrams, but nothing says so; refusing newcomers would
// stop a resolver's clients until the idle time has passed.
//
// Time is the caller's: ticks, which never go back. Tested by tests/unit/proxy/flow_table_test.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "runtime/net/address.h"
#include "runtime/proxy/view.h"

namespace smic::proxy {

// How many flows a worker may have if each takes a descriptor: no more than a quarter of what the
// process may open goes to flows, so that a client who sends from ever new ports cannot leave the
// others without connections.
inline std::size_t flows_within(std::size_t descriptors, std::size_t workers, std::size_t wanted) {
  return std::clamp<std::size_t>(descriptors / 4 / workers, 1, wanted);
}

struct FlowKey {
  ListenerKey listener;
  net::SocketAddress client;

  bool operator==(const FlowKey&) const = default;
  struct Hash {
    std::size_t operator()(const FlowKey& key) const {
      const std::uint64_t listener = std::uint64_t{key.listener.number} << 32;
      return key.client.hash() ^ (listener | key.listener.generation) * 0x9e3779b97f4a7c15u;
    }
  };
};

template <class Flow>
class FlowTable {
 public:
  explicit FlowTable(std::size_t limit) : limit_(limit) { SMIC_CHECK(limit > 0, "no flow at all"); }

  // Null, or the flow, which counts as used now.
  Flow* use(const FlowKey& key, std::uint64_t now) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    found->second->used = now;
    by_use_.splice(by_use_.end(), by_use_, found->second);
    return &found->second->flow;
  }

  bool full() const { return places_.size() >= limit_; }

  // A flow made of `parts`, for a key that has none, in a table that is not full. It stays where it
  // is until it is removed.
  template <class... Parts>
  Flow& add(const FlowKey& key, std::uint64_t now, Parts&&... parts) {
    SMIC_CHECK(!full(), "a flow is added to a full table");
    by_use_.emplace_back(key, now, std::forward<Parts>(parts)...);
    const bool fresh = places_.emplace(key, std::prev(by_use_.end())).second;
    SMIC_CHECK(fresh, "two flows with one key");
    return by_use_.back().flow;
  }

  void remove(const FlowKey& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    const auto place = found->second;
    places_.erase(found);
    by_use_.erase(place);
  }

  // The one used least recently, if it was last used at `time` or before; else null.
  Flow* unused_since(std::uint64_t time) {
    return by_use_.empty() || by_use_.front().used > time ? nullptr : &by_use_.front().flow;
  }
  // In a table that is not empty, the one used least recently.
  Flow& oldest() { return by_use_.front().flow; }
  void remove_oldest() { remove(FlowKey(by_use_.front().key)); }

  // It goes on there, where no other has its key, as used now.
  void move_to(FlowTable& there, const FlowKey& key, std::uint64_t now) {
    const auto found = places_.find(key);
    SMIC_CHECK(found != places_.end() && !there.full(), "a flow cannot be moved");
    found->second->used = now;
    there.by_use_.splice(there.by_use_.end(), by_use_, found->second);
    const bool fresh = there.places_.emplace(key, found->second).second;
    SMIC_CHECK(fresh, "two flows with one key");
    places_.erase(found);
  }

  // Removes each flow for which `ends` is true.
  template <class Ends>
  void remove_if(Ends ends) {
    for (auto place = by_use_.begin(); place != by_use_.end();) {
      const auto next = std::next(place);
      if (ends(place->flow)) {
        places_.erase(place->key);
        by_use_.erase(place);
      }
      place = next;
    }
  }

  void clear() {
    places_.clear();
    by_use_.clear();
  }

  std::size_t size() const { return places_.size(); }

 private:
  struct Entry {
    template <class... Parts>
    Entry(const FlowKey& of, std::uint64_t now, Parts&&... parts)
        : key(of), used(now), flow(std::forward<Parts>(parts)...) {}
    const FlowKey key;
    std::uint64_t used;
    Flow flow;
  };

  const std::size_t limit_;
  std::list<Entry> by_use_;  // longest unused first
  std::unordered_map<FlowKey, typename std::list<Entry>::iterator, FlowKey::Hash> places_;
};

}  // namespace smic::proxy

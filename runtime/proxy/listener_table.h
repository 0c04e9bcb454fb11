// SPDX-License-Identifier: Apache-2.0
// Which addresses are listened on, under which number, and what a new snapshot changes about it.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "runtime/net/address.h"
#include "runtime/proxy/view.h"

namespace smic::proxy {

class ListenerTable {
 public:
  struct Opening {
    ListenerKey key;
    net::SocketAddress address;
    std::vector<int> fds;  // one per worker
  };
  // What changes, and the view that results. The fds are open and listening; until commit() they
  // belong to the Change, and go with it.
  struct Change {
    std::vector<Opening> opening;
    std::vector<ListenerKey> closing;
    std::vector<net::SocketAddress> closing_addresses;
    std::vector<View::Bound> bound;

    Change() = default;
    Change(Change&&) = default;
    Change& operator=(Change&&) = default;
    ~Change();
  };

  // Opens what `snapshot` asks for and is not open yet, all or nothing.
  Result<Change> prepare(const program::Snapshot& snapshot, std::size_t workers) const;
  void commit(Change& change);
  std::size_t size() const { return open_.size(); }

 private:
  std::unordered_map<net::SocketAddress, ListenerKey> open_;
  std::vector<std::uint32_t> generations_;  // by number: that of its last use
  std::vector<std::uint32_t> free_numbers_;
};

}  // namespace smic::proxy

// SPDX-License-Identifier: Apache-2.0
// Keeps a kind in the store as the API has it. A thread that lists, watches from there on, takes up
// a watch that ended where it ended, and lists again when the API has forgotten that place (410).
// Whatever happens, what is in the store stays until something newer is known: a mesh goes on with
// the last state while the API is away.
//
// A kind whose CRD is missing is told once, empty, and looked for again and again. One that was
// there must be missing twice before its objects go: an API server that starts up may not know its
// CRDs yet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "controller/kube/client.h"
#include "controller/kube/store.h"
#include "controller/kube/watched_kinds.h"

namespace smic::kube {

struct Patience {
  Backoff::Limits backoff;
  std::chrono::milliseconds missing{3'000};      // until a kind without CRD is looked for again
  std::chrono::seconds watch{300};               // about how long a watch may last
  std::chrono::milliseconds short_watch{1'000};  // one that ends sooner, without events, failed
  std::size_t page = 500;
  bool quiet = false;  // another one tells of the same kind
};

class Informer {
 public:
  Informer(const WatchedKind& kind, Client& client, const Stop& stop, Sink& sink, Patience patience,
           std::uint64_t seed);
  ~Informer();  // after stop

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::thread thread_;
};

}  // namespace smic::kube

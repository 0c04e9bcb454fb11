// SPDX-License-Identifier: Apache-2.0
// Where resources come from: texts by name, and word when they changed. Level-based: read() gives
// what is there now, and however many changes there were since, wait() tells of them once.
//
// Deliberately absent: what the texts mean. Decoding is compiler/resources' business, so a
// directory and a cluster go through the same code.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "compiler/diagnostics/diagnostics.h"
#include "compiler/incremental/incremental.h"
#include "controller/kube/config.h"

namespace smic::source {

class Source {
 public:
  virtual ~Source() = default;

  virtual Result<Sources> read() = 0;

  // Does it know object by object what changed? Then read_changes() gives that: all at first, and
  // what changed since after that, however often it did.
  virtual bool has_objects() const { return false; }
  virtual Result<std::vector<incremental::Change>> read_changes() {
    return std::vector<incremental::Change>();
  }
  virtual bool has_news() { return false; }  // would wait() return at once
  // Blocks until something changed since the last read(), or stop() was called: false = stopped.
  virtual bool wait() = 0;
  virtual void poke() {}    // wait() returns once, though nothing changed; from any thread
  virtual void stop() = 0;  // from any thread
};

// A directory of manifests, watched (inotify). Editors write in steps (truncate, write, rename
// over), so bursts are coalesced, and a file that is still being written, or is empty or gone since
// a moment ago, keeps its last text until it has settled. A file that stays away is gone.
Result<std::unique_ptr<Source>> watch_directory(std::string directory);

// What a Kubernetes API has of the kinds that matter, object by object. Does not fail: a cluster
// that cannot be reached is tried again until it can, and its last state stays meanwhile.
std::unique_ptr<Source> watch_cluster(kube::Config config);

}  // namespace smic::source

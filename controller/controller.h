// SPDX-License-Identifier: Apache-2.0
// The front door of controller/: a source of resources in, signed-to-be manifests and images out
// (DESIGN §6). Level-based: it always compiles what is there now, reuses the images of units that
// did not change, and hands on a new manifest only if something did. A broken edit is reported and
// the last good version goes on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "compiler/compile.h"
#include "contract/contract.h"

namespace smic::controller {

// ---- reconcile: pure --------------------------------------------------------------------------

// Which mesh address a service gets (DESIGN §5, address plans).
class AddressPlan {
 public:
  virtual ~AddressPlan() = default;
  virtual Result<std::string> address_of(const model::Service& service) = 0;
};

// 127.x.y.z, stable: a service keeps its address while it exists, and where it can across restarts
// (derived from a hash of its name, next free on collision; never 127.0.0.0/16, where clients live).
std::unique_ptr<AddressPlan> loopback_plan();

struct Update {
  contract::Manifest manifest;
  std::map<std::string, std::shared_ptr<const contract::Bytes>> images;  // by digest
  std::size_t compiled = 0;   // units compiled for this update; the rest were reused
  double seconds = 0;         // from sources to manifest
};

// Keeps compiled units by the text of their raw IR, so that a change recompiles alone.
class Reconciler {
 public:
  Reconciler(CompileOptions options, std::unique_ptr<AddressPlan> plan);
  ~Reconciler();

  // Diagnostics are always filled. An error means: nothing usable, keep the last good version.
  Result<Update> reconcile(const Sources& sources, Diagnostics& diagnostics);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// ---- sources ----------------------------------------------------------------------------------

// A directory of manifests, watched (inotify). Bursts are coalesced: the callback runs when no event
// came for a few milliseconds, at the latest after 50 ms.
class DirectorySource {
 public:
  static Result<std::unique_ptr<DirectorySource>> watch(std::string directory);
  virtual ~DirectorySource() = default;

  virtual Result<Sources> read() = 0;
  // Blocks until something changed since the last read(), or stop() was called: false = stopped.
  virtual bool wait() = 0;
  virtual void stop() = 0;  // from any thread
};

}  // namespace smic::controller

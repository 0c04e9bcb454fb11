// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/program: image bytes and a manifest in, a snapshot that workers can
// ask out (DESIGN §5). Verifies, links, publishes, and frees when nobody can be inside any more.
//   Program        one loaded image: its match and split, native (ORC/JITLink) or portable
//   Snapshot       one manifest, resolved: units with their programs, names and endpoints
//   SnapshotCell   publication to the workers and their quiet points
// LLVM's linking half has its door in load_native.cpp; no type of it leaves. Deliberately absent:
// sockets, HTTP, the compiler.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "contract/contract.h"

namespace smic::program {

// ---- one image -------------------------------------------------------------------------------

enum class Engine { native, portable };

// Immutable and safe to call from any thread. Destroying it unmaps native code, so whoever holds
// one past a quiet point must hold the shared_ptr.
class Program {
 public:
  virtual ~Program() = default;

  void match(const contract::RequestView& view, contract::Verdict& verdict) const;
  std::uint32_t split(std::uint32_t route, std::uint64_t entropy) const;

  const contract::Shape& shape() const { return shape_; }
  Engine engine() const { return engine_; }  // as asked for: an image may have no code to run

 protected:
  contract::Shape shape_;
  Engine engine_ = Engine::portable;
  contract::MatchFunction native_match_ = nullptr;  // null: portable
  contract::SplitFunction native_split_ = nullptr;
  std::vector<std::uint8_t> tables_;
};

// Checks structure (lengths, target, ABI, section flags, no undefined symbol, tables) and loads.
// A refused image says why. Thread-safe; the native linker lives as long as any Program does.
Result<std::shared_ptr<const Program>> load(std::span<const std::byte> image, Engine engine);

// ---- one manifest ----------------------------------------------------------------------------

using DestinationMask = std::array<std::uint64_t, contract::kDestinationWords>;

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  std::string identity;
  std::string workload;
  DestinationMask destinations{};  // the unit's destinations this endpoint belongs to

  // Dense index over the distinct address:port pairs of the snapshot, for connection pools.
  std::uint32_t pool = 0;
};

struct Backend {
  std::string service;  // "namespace/name"
  std::uint16_t port = 0;
  std::vector<Endpoint> endpoints;
};

struct Unit {
  contract::Unit manifest;  // names, origins, weights
  std::shared_ptr<const Program> program;
  std::vector<Backend> backends;                                // as in the manifest
  std::unordered_map<std::string, std::uint32_t> source_class;  // identity → class; others are 0

  std::uint32_t class_of(const std::string& identity) const;
};

// Is this endpoint among the destinations that the verdict allows?
bool allowed(const contract::Verdict& verdict, const Endpoint& endpoint);

struct Snapshot {
  std::uint64_t version = 0;
  std::vector<Unit> units;
  std::unordered_map<std::string, contract::PodIdentity> identities;  // by address text
};

// Where image bytes come from: a directory, the controller in the same process, the network.
using BlobSource = std::function<Result<contract::Bytes>(const std::string& digest)>;

// Loads what `manifest` names; images already in `previous` are reused, not loaded again. Every
// index of the manifest is checked against the image's shape. An error leaves `previous` in force.
Result<std::shared_ptr<const Snapshot>> build_snapshot(const contract::Manifest& manifest,
                                                       const BlobSource& blobs, Engine engine,
                                                       const Snapshot* previous);

// ---- publication -----------------------------------------------------------------------------

// One writer, a fixed number of readers (workers). A reader takes the current snapshot with one
// acquire load and promises to have let go of it when it next calls quiet(). A snapshot is freed,
// and its code unmapped, when every reader has been quiet since it was replaced.
class SnapshotCell {
 public:
  explicit SnapshotCell(std::size_t readers);
  ~SnapshotCell();
  SnapshotCell(const SnapshotCell&) = delete;
  SnapshotCell& operator=(const SnapshotCell&) = delete;

  // Writer.
  void publish(std::shared_ptr<const Snapshot> snapshot);
  std::shared_ptr<const Snapshot> current() const;  // for admin and metrics, not for the hot path
  bool enforced_by_all(
      std::uint64_t version) const;  // has the last reader used it or been quiet since
  void reclaim();                    // frees what nobody can hold any more

  // Reader `index`, on its own thread.
  const Snapshot* read(std::size_t index);
  void quiet(std::size_t index);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smic::program

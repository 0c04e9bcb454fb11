// SPDX-License-Identifier: Apache-2.0
// Many units to images, on several threads, each only if it was not compiled before. What a unit
// says decides, and not where it is written: an edit that moves lines compiles nothing, a changed
// unit compiles alone, and the result is the same for any number of threads, with or without
// memory.
//
//   raw unit → numbers in the place of origins → digest of its text → remembered, stored, compiled
//
// A unit is compiled for all targets at once or for none, so a memory never lacks one of them.
//
// The manifest half tells of each route which line decided: every time, the numbers in it are
// replaced by the origins of now, and the policy by that of now.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/packed_bytes.h"
#include "base/parallel.h"
#include "compiler/compile.h"

namespace smic {

// Keeps compiled units beyond this process, by key. What it finds must be what was kept.
// Safe to call from several threads.
class CompiledStore {
 public:
  virtual ~CompiledStore() = default;
  virtual std::optional<CompiledUnit> find(const std::string& key) = 0;
  virtual void keep(const std::string& key, const CompiledUnit& unit) = 0;
};

class UnitCompiler {
 public:
  // One object for equal images. Packed, since most are never asked for: with code for three CPUs
  // they would be the most of a controller's memory.
  using Image = std::shared_ptr<const PackedBytes>;
  struct Output {
    contract::Unit names;
    Image image;                         // its tables
    std::vector<Image> native;           // as names.native
    std::shared_ptr<const void> memory;  // as long as it is held, it is remembered
  };
  struct Outputs {
    std::vector<Output> units;  // as the input
    std::size_t compiled = 0;   // the rest was remembered or stored
  };

  // With print-after or timing there is one thread, so that what is told comes in order.
  explicit UnitCompiler(CompileOptions options, unsigned threads = machine_threads());

  // Remembers these units until the next call, and nothing else. Fails with the first unit that
  // does.
  Result<Outputs> compile(std::span<const ir::Unit> raw);

  // These are some of many: what the outputs of other calls hold is remembered too.
  Result<Outputs> compile_some(std::span<const ir::Unit> raw);

  // Nothing if it is not remembered.
  std::optional<Output> remembered(const ir::Unit& raw) const;

 private:
  using Remembered = std::shared_ptr<Output>;  // origins are numbers
  struct Job;
  class Packer;

  std::string key_of(const ir::Unit& numbered) const;
  Result<CompiledUnit> find_or_compile(const ir::Unit& numbered, Job& job) const;
  void run(Job& job, const ir::Unit& raw) const;
  Result<Outputs> run_all(std::span<const ir::Unit> raw,
                          std::unordered_map<std::string, Remembered>& into) const;
  void forget_unused();

  CompileOptions options_;
  unsigned threads_;
  std::unordered_map<std::string, Remembered> remembered_;  // by key
  std::size_t forgotten_at_ = 0;                            // how many were left then
  std::shared_ptr<Packer> packer_;
};

}  // namespace smic

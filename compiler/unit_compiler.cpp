// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/compile/unit_compiler_test.cpp.
#include "compiler/unit_compiler.h"

#include <mutex>
#include <utility>

#include "base/check.h"

namespace smic {
namespace {

// What an image is made from. Routes keep the number of the raw route they come from; what passes
// do with the numbers of matches and allows is in nobody's interest. A policy is in no image.
ir::Unit with_numbered_origins(ir::Unit unit) {
  unit.policy = {};
  const auto number = [](auto& list) {
    for (std::uint32_t i = 0; i < list.size(); ++i) list[i].origin = {{}, {}, i};
  };
  number(unit.matches);
  number(unit.routes);
  number(unit.allows);
  return unit;
}

contract::Unit with_origins_of(const ir::Unit& raw, contract::Unit names) {
  for (contract::Route& route : names.routes) {
    SMIC_CHECK(route.origin.line < raw.routes.size(), "a compiled route comes from nowhere");
    route.origin = raw.routes[route.origin.line].origin;
  }
  names.policy = raw.policy;
  return names;
}

// One object for equal images.
class Pool {
 public:
  void unite(UnitCompiler::Output& unit) {
    unite(unit.names.image, unit.image);
    for (std::size_t i = 0; i < unit.native.size(); ++i) {
      unite(unit.names.native[i].digest, unit.native[i]);
    }
  }

 private:
  void unite(const std::string& digest, UnitCompiler::Image& image) {
    image = images_.try_emplace(digest, image).first->second;
  }

  std::unordered_map<std::string, UnitCompiler::Image> images_;
};

}  // namespace

// Images for one target are much alike: the kernel, and code of few shapes. The first one of each is
// what the others are packed by. Used by all threads.
class UnitCompiler::Packer {
 public:
  Image pack(const std::string& target, const contract::Bytes& image) {
    return std::make_shared<const PackedBytes>(image, like(target, image));
  }

 private:
  std::shared_ptr<const contract::Bytes> like(const std::string& target,
                                              const contract::Bytes& image) {
    const std::lock_guard lock(mutex_);
    auto& first = first_[target];
    if (!first) first = std::make_shared<const contract::Bytes>(image);
    return first;
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const contract::Bytes>> first_;
};

struct UnitCompiler::Job {
  std::string key;
  Remembered known;  // before the job is run, or made by it
  bool compiled = false;
  std::optional<Error> error;
};

UnitCompiler::UnitCompiler(CompileOptions options, unsigned threads)
    : options_(std::move(options)), threads_(threads), packer_(std::make_shared<Packer>()) {
  if (options_.passes.after || options_.passes.timing) threads_ = 1;
}

std::string UnitCompiler::key_of(const ir::Unit& numbered) const {
  std::string text = ir::print(numbered);
  for (const std::string& target : options_.targets) (text += target) += ' ';
  for (const std::string& pass : options_.passes.disabled) (text += '\n') += pass;
  return contract::digest_of(std::as_bytes(std::span(text)));
}

Result<CompiledUnit> UnitCompiler::find_or_compile(const ir::Unit& numbered, Job& job) const {
  if (options_.store) {
    if (auto stored = options_.store->find(job.key)) return std::move(*stored);
  }
  job.compiled = true;
  auto unit = compile_unit(numbered, options_);
  if (unit && options_.store) options_.store->keep(job.key, *unit);
  return unit;
}

std::optional<UnitCompiler::Output> UnitCompiler::remembered(const ir::Unit& raw) const {
  const auto found = remembered_.find(key_of(with_numbered_origins(raw)));
  if (found == remembered_.end()) return std::nullopt;
  const Remembered& known = found->second;
  return Output{with_origins_of(raw, known->names), known->image, known->native, known};
}

void UnitCompiler::run(Job& job, const ir::Unit& raw) const {
  const ir::Unit numbered = with_numbered_origins(raw);
  job.key = key_of(numbered);
  if (const auto found = remembered_.find(job.key); found != remembered_.end()) {
    job.known = found->second;
    return;
  }
  auto unit = find_or_compile(numbered, job);
  if (!unit) {
    job.error = Error{"compile " + ir::to_string(raw.service) + ": " + unit.error().message};
    return;
  }
  job.known = std::make_shared<Output>();
  job.known->image = packer_->pack("", unit->image);
  for (std::size_t i = 0; i < unit->native.size(); ++i) {
    job.known->native.push_back(packer_->pack(unit->names.native[i].target, unit->native[i]));
  }
  job.known->names = std::move(unit->names);
}

Result<UnitCompiler::Outputs> UnitCompiler::compile(std::span<const ir::Unit> raw) {
  std::unordered_map<std::string, Remembered> next;
  auto outputs = run_all(raw, next);
  if (outputs) remembered_ = std::move(next);
  return outputs;
}

Result<UnitCompiler::Outputs> UnitCompiler::compile_some(std::span<const ir::Unit> raw) {
  std::unordered_map<std::string, Remembered> next;
  auto outputs = run_all(raw, next);
  if (!outputs) return outputs;
  remembered_.merge(next);
  if (remembered_.size() > 2 * forgotten_at_ + 64) forget_unused();
  return outputs;
}

Result<UnitCompiler::Outputs> UnitCompiler::run_all(
    std::span<const ir::Unit> raw, std::unordered_map<std::string, Remembered>& into) const {
  std::vector<Job> jobs(raw.size());
  in_parallel(jobs.size(), threads_, [&](std::size_t i) { run(jobs[i], raw[i]); });
  Outputs outputs;
  Pool pool;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].error) return std::unexpected(*jobs[i].error);
    Output& known = *jobs[i].known;
    pool.unite(known);
    outputs.units.push_back(
        {with_origins_of(raw[i], known.names), known.image, known.native, jobs[i].known});
    outputs.compiled += jobs[i].compiled ? 1 : 0;
    into.try_emplace(std::move(jobs[i].key), std::move(jobs[i].known));
  }
  return outputs;
}

void UnitCompiler::forget_unused() {
  std::erase_if(remembered_, [](const auto& entry) { return entry.second.use_count() == 1; });
  forgotten_at_ = remembered_.size();
}

}  // namespace smic

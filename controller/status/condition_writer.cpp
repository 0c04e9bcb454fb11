// SPDX-License-Identifier: Apache-2.0
// Tested by condition_writer_test.cpp, and on a real API server by tests/system/status_test.py.
#include "controller/status/condition_writer.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "base/log.h"
#include "compiler/resources/value.h"
#include "controller/kube/lease.h"
#include "controller/kube/watched_kinds.h"

namespace smic::status {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAfterTrouble{5'000};
constexpr const char* kManager = "smic";

std::uint64_t version_of(std::string_view text) {
  std::uint64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

std::string metadata_of(std::string_view object, std::string_view key) {
  const auto root = resources::value_of_json(object);
  const auto* metadata = root ? root->find("metadata") : nullptr;
  return metadata == nullptr ? std::string() : metadata->text(key);
}

// What is missing there and was written by us keeps the time at which it became so.
std::vector<Condition> with_what_was_wiped(std::vector<Condition> there,
                                           const std::vector<Condition>& written) {
  for (const Condition& each : written) {
    if (std::ranges::find(there, each.type, &Condition::type) == there.end()) {
      there.push_back(each);
    }
  }
  return there;
}

}  // namespace

ConditionWriter::ConditionWriter(const Parts& parts, Times times) : parts_(parts), times_(times) {}

ConditionWriter::~ConditionWriter() = default;

void ConditionWriter::start() {
  const auto wake = [this] {
    const std::lock_guard lock(mutex_);
    condition_.notify_all();
  };
  if (parts_.enforcement != nullptr) parts_.enforcement->on_change(wake);
  parts_.leadership.on_change([this](bool leads) {
    const std::lock_guard lock(mutex_);
    if (!leads) return;
    for (const auto& [name, wanted] : wanted_) marked_.insert(name);
    condition_.notify_all();
  });
  std::random_device chance;
  for (const kube::WatchedKind& kind : kube::watched_kinds()) {
    if (!kind.has_crd) continue;
    kinds_.push_back(kind);
    kinds_.back().keep = {"status.conditions"};
    informers_.emplace_back(kinds_.back(), parts_.api, parts_.stop, *this,
                            kube::Patience{.quiet = true}, chance());
  }
  thread_ = std::thread([this] { run(); });
}

void ConditionWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    condition_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  informers_.clear();
}

// ---- what is told ----------------------------------------------------------------------------

void ConditionWriter::take(const std::map<ObjectName, std::optional<Verdict>>& changed) {
  const kube::Clock::time_point now = kube::Clock::now();
  const std::lock_guard lock(mutex_);
  for (const auto& [name, verdict] : changed) {
    if (!verdict) {
      wanted_.erase(name);
      continue;
    }
    const auto [known, fresh] = wanted_.try_emplace(name);
    Wanted& wanted = known->second;
    if (wanted.verdict.uid != verdict->uid) wanted.written.clear();
    if (fresh || wanted.verdict.generation != verdict->generation) wanted.since = now;
    wanted.verdict = *verdict;
    wanted.pause = milliseconds(0);
    mark(name);
  }
}

bool ConditionWriter::replace(const std::string& kind, std::vector<kube::Object> objects) {
  const std::lock_guard lock(mutex_);
  std::set<ObjectName> present;
  bool changed = false;
  for (const kube::Object& object : objects) {
    present.insert({kind, object.ns, object.name});
    changed |= learn(kind, object);
  }
  std::erase_if(there_, [&](const auto& each) {
    const bool gone = each.first.kind == kind && !present.contains(each.first);
    changed |= gone;
    return gone;
  });
  return changed;
}

void ConditionWriter::put(const std::string& kind, kube::Object object) {
  const std::lock_guard lock(mutex_);
  learn(kind, object);
}

void ConditionWriter::remove(const std::string& kind, const kube::Object& object) {
  const std::lock_guard lock(mutex_);
  there_.erase({kind, object.ns, object.name});
}

bool ConditionWriter::learn(const std::string& kind, const kube::Object& object) {
  const ObjectName name{kind, object.ns, object.name};
  There fresh{metadata_of(object.text, "uid"), read_conditions(object.text),
              version_of(object.version)};
  There& there = there_[name];
  if (there.uid == fresh.uid && fresh.version < there.version) return false;
  const bool changed = there.uid != fresh.uid || there.conditions != fresh.conditions;
  there = std::move(fresh);
  if (changed) mark(name);
  return changed;
}

void ConditionWriter::mark(const ObjectName& name) {
  if (marked_.empty()) settled_ = kube::Clock::now() + times_.settle;
  marked_.insert(name);
  condition_.notify_all();
}

// ---- what is done ----------------------------------------------------------------------------

void ConditionWriter::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    look_at_enforcement();
    const Time now = kube::Clock::now();
    if (now >= wake_) mark_later_ones();
    if (!parts_.leadership.leads()) {
      condition_.wait_for(lock, std::chrono::seconds(1));  // or until told
      continue;
    }
    if (marked_.empty() || now < settled_) {
      const Time until = std::min(wake_, marked_.empty() ? Time::max() : settled_);
      // Not for ever: what leads now may not in a moment, and is not told before it asks.
      condition_.wait_until(lock, std::min(until, now + std::chrono::seconds(1)));
      continue;
    }
    const auto work = next_work(now);
    if (!work) continue;
    lock.unlock();
    const auto written = write(*work);
    lock.lock();
    settle(*work, written, kube::Clock::now());
  }
}

void ConditionWriter::look_at_enforcement() {
  if (parts_.enforcement == nullptr) return;
  const Enforcement::State state = parts_.enforcement->state();
  if (state == enforced_) return;
  enforced_ = state;
  mark_later_ones();
}

void ConditionWriter::mark_later_ones() {
  marked_.merge(later_);
  later_.clear();
  wake_ = Time::max();
}

void ConditionWriter::look_again(const ObjectName& name, Time when) {
  later_.insert(name);
  wake_ = std::min(wake_, when);
}

std::optional<ConditionWriter::Work> ConditionWriter::next_work(Time now) {
  while (!marked_.empty()) {
    const ObjectName name = std::move(marked_.extract(marked_.begin()).value());
    if (auto work = look_at(name, now)) return work;
  }
  return std::nullopt;
}

std::optional<ConditionWriter::Work> ConditionWriter::look_at(const ObjectName& name, Time now) {
  const auto wanted = wanted_.find(name);
  const auto there = there_.find(name);
  if (wanted == wanted_.end() || there == there_.end()) return std::nullopt;
  if (there->second.uid != wanted->second.verdict.uid) return std::nullopt;
  const Verdict& verdict = wanted->second.verdict;
  const Progress progress = progress_of(wanted->second, now);
  std::vector<Condition> conditions = wanted_conditions(
      verdict, progress, with_what_was_wiped(there->second.conditions, wanted->second.written),
      kube::second_time(std::chrono::system_clock::now()));
  if (progress == Progress::pending) look_again(name, wanted->second.since + times_.overdue);
  if (progress != Progress::enforced) later_.insert(name);
  if (conditions == there->second.conditions) return std::nullopt;
  if (has_to_wait(wanted->second, conditions, now)) {
    look_again(name, wanted->second.not_before);
    return std::nullopt;
  }
  return Work{name, verdict, std::move(conditions)};
}

// Somebody who takes away again and again what we write is not answered at once each time.
bool ConditionWriter::has_to_wait(Wanted& wanted, const std::vector<Condition>& conditions,
                                  Time now) {
  if (conditions != wanted.written) return false;
  if (now < wanted.not_before) return true;
  wanted.pause = std::clamp(wanted.pause * 2, times_.again, times_.most);
  wanted.not_before = now + wanted.pause;
  return false;
}

Progress ConditionWriter::progress_of(const Wanted& wanted, Time now) const {
  if (enforced_.nodes == 0) return Progress::unknown;
  if (enforced_.version >= wanted.verdict.version) return Progress::enforced;
  return now - wanted.since >= times_.overdue ? Progress::overdue : Progress::pending;
}

kube::ApiResult<std::string> ConditionWriter::write(const Work& work) {
  const auto kind = std::ranges::find(kinds_, work.name.kind, &kube::WatchedKind::kind);
  const std::string& api_version = work.verdict.api_version;
  if (kind == kinds_.end()) return kube::fault(kube::Fault::refused, "no kind of ours");
  const kube::Resource resource{kind->group, api_version.substr(api_version.find('/') + 1),
                                kind->plural};
  return parts_.writer.apply(resource.object(work.name.ns, work.name.name) + "/status",
                             apply_body(work.name, work.verdict, work.conditions),
                             {.manager = kManager, .force = true});
}

void ConditionWriter::settle(const Work& work, const kube::ApiResult<std::string>& written,
                             Time now) {
  if (written) {
    trouble_.clear();
    if (const auto there = there_.find(work.name); there != there_.end()) {
      there->second = {work.verdict.uid, work.conditions,
                       version_of(metadata_of(*written, "resourceVersion"))};
    }
    if (const auto wanted = wanted_.find(work.name); wanted != wanted_.end()) {
      wanted->second.written = work.conditions;
    }
    return;
  }
  switch (written.error().fault) {
    case kube::Fault::not_found:  // it is gone, and we shall hear of it
    case kube::Fault::conflict:   // another object came to its name
      return;
    case kube::Fault::stopped:  // whoever leads next looks at everything
      later_.insert(work.name);
      return;
    default:
      break;
  }
  if (trouble_ != written.error().told()) {
    trouble_ = written.error().told();
    log_warning("status not written",
                {{"object", work.name.kind + '/' + work.name.ns + '/' + work.name.name},
                 {"reason", trouble_}});
  }
  look_again(work.name, now + kAfterTrouble);
}

}  // namespace smic::status

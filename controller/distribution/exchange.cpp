// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/distribution/exchange_test.cpp.
#include "controller/distribution/exchange.h"

#include <condition_variable>
#include <mutex>
#include <sstream>
#include <thread>

#include "base/log.h"

namespace smic::distribution {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::string_view kPrefix = "nodes-of.";
constexpr int kBeatsOfSilence = 3;

// All but the beat, which says nothing of the nodes.
std::string_view without_beat(std::string_view text) {
  return text.substr(std::min(text.find('\n'), text.size()));
}

}  // namespace

std::string to_text(const Report& report, std::uint64_t beat) {
  std::string text = std::to_string(beat) + '\n' + contract::to_hex(report.mesh) + '\n';
  for (const std::string& node : report.current) text += '+' + node + '\n';
  for (const std::string& node : report.behind) text += '-' + node + '\n';
  return text;
}

std::optional<Report> report_from(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string beat, mesh, line;
  Report report;
  if (!std::getline(lines, beat) || !std::getline(lines, mesh)) return std::nullopt;
  if (!contract::from_hex(mesh, report.mesh)) return std::nullopt;
  while (std::getline(lines, line)) {
    if (line.size() < 2 || (line[0] != '+' && line[0] != '-')) return std::nullopt;
    (line[0] == '+' ? report.current : report.behind).insert(line.substr(1));
  }
  return report;
}

struct Exchange::Impl {
  std::shared_ptr<Hub> hub;
  std::shared_ptr<keys::Shelf> shelf;
  std::string entry;
  ExchangeOptions options;

  struct Heard {
    std::string text;
    Steady::time_point changed;
  };
  std::map<std::string, Heard> heard = {};  // of the others
  std::uint64_t beats = 0;
  Steady::time_point wrote = {};
  std::string trouble = {};

  std::mutex mutex = {};
  std::condition_variable condition = {};
  bool ended = false;
  std::thread thread = {};

  void run() {
    for (;;) {
      {
        std::unique_lock lock(mutex);
        if (condition.wait_for(lock, options.look, [this] { return ended; })) return;
      }
      const auto done = once();
      if (!done && done.error().message != trouble) {
        log_warning("replicas do not hear of each other", {{"reason", done.error().message}});
      }
      trouble = done ? "" : done.error().message;
    }
  }

  Result<void> once() {
    if (!hub->has_state()) return {};
    const auto kept = shelf->read(keys::Object::distribution);
    if (!kept) return std::unexpected(kept.error());
    const keys::Entries entries = *kept ? (*kept)->entries : keys::Entries{};
    listen(entries);
    const std::string mine = to_text(hub->report(), beats);
    const auto there = entries.find(entry);
    const bool known = there != entries.end() && without_beat(there->second) == without_beat(mine);
    if (known && Steady::now() - wrote < options.beat) return {};
    return write();
  }

  bool is_gone(const std::string& name, Steady::time_point now) const {
    const auto found = heard.find(name);
    return found != heard.end() && now - found->second.changed > kBeatsOfSilence * options.beat;
  }

  void listen(const keys::Entries& entries) {
    const auto now = Steady::now();
    std::erase_if(heard, [&](const auto& each) { return !entries.contains(each.first); });
    std::vector<Report> reports;
    for (const auto& [name, text] : entries) {
      if (!name.starts_with(kPrefix) || name == entry) continue;
      Heard& last = heard[name];
      if (last.text != text) last = {text, now};
      auto report = report_from(text);
      if (report && !is_gone(name, now)) reports.push_back(std::move(*report));
    }
    hub->hear(std::move(reports));
  }

  Result<void> write() {
    const auto now = Steady::now();
    ++beats;
    const auto done = keys::update(
        *shelf, keys::Object::distribution,
        [&](const std::optional<keys::Kept>& kept) -> Result<std::optional<keys::Entries>> {
          keys::Entries entries = kept ? kept->entries : keys::Entries{};
          std::erase_if(entries, [&](const auto& each) { return is_gone(each.first, now); });
          entries[entry] = to_text(hub->report(), beats);
          return entries;
        });
    if (!done) return std::unexpected(done.error());
    wrote = now;
    return {};
  }
};

Exchange::Exchange(std::shared_ptr<Hub> hub, std::shared_ptr<keys::Shelf> shelf, std::string name,
                   ExchangeOptions options)
    : impl_(new Impl{std::move(hub), std::move(shelf), std::string(kPrefix) + name, options}) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

Exchange::~Exchange() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ended = true;
  }
  impl_->condition.notify_all();
  impl_->thread.join();
}

}  // namespace smic::distribution

// SPDX-License-Identifier: Apache-2.0
// Tested on a real API server by tests/system/status_test.py.
#include "controller/status/event_writer.h"

#include <algorithm>

#include "base/log.h"

namespace smic::status {
namespace {

const kube::Resource kEvents{"events.k8s.io", "v1", "events"};

}  // namespace

EventWriter::EventWriter(const Parts& parts, Limits limits)
    : parts_(parts), limits_(limits), rate_(limits.per_second, limits.burst) {}

void EventWriter::start() {
  parts_.leadership.on_change([this](bool leads) {
    const std::lock_guard lock(mutex_);
    gained_ = gained_ || leads;
    condition_.notify_all();
  });
  thread_ = std::thread([this] { run(); });
}

void EventWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    condition_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void EventWriter::take(const std::map<ObjectName, std::optional<Verdict>>& changed) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, verdict] : changed) {
    if (!verdict) {
      said_.erase(name);
      continue;
    }
    std::vector<EventText> texts = texts_of(verdict->findings);
    const auto before = said_.find(name);
    const bool known = before != said_.end() && before->second.verdict.uid == verdict->uid;
    for (const EventText& text : texts) {
      const bool stood =
          known && std::ranges::find(before->second.texts, text) != before->second.texts.end();
      // The same again is news if it was edited, and not if something else brought it up.
      const bool edited = known && before->second.verdict.generation != verdict->generation;
      if (!stood || edited) queue({name, *verdict, text, known});
    }
    if (texts.empty() && known && !before->second.texts.empty()) {
      queue({name, *verdict, healed_text(), true});
    }
    if (texts.empty()) {
      said_.erase(name);
    } else {
      said_.insert_or_assign(name, Said{*verdict, std::move(texts)});
    }
  }
}

// Of who does not lead only what stands is kept, for the day that it does.
void EventWriter::queue(News news) {
  if (!leads_) return;
  if (queue_.size() >= limits_.queued) {
    if (dropped_++ == 0) {
      log_warning("more events than are told", {{"limit", std::to_string(limits_.queued)},
                                                {"help", "see the objects' conditions"}});
    }
    return;
  }
  queue_.push_back(std::move(news));
  condition_.notify_all();
}

void EventWriter::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (!parts_.leadership.leads()) {
      leads_ = false;
      queue_.clear();
      condition_.wait_for(lock, std::chrono::seconds(1));
      continue;
    }
    if (std::exchange(gained_, false) || !leads_) {
      learn_what_was_told(lock);
      continue;
    }
    if (queue_.empty()) {
      dropped_ = 0;
      condition_.wait_for(lock, std::chrono::seconds(1));
      continue;
    }
    const News news = std::move(queue_.front());
    queue_.pop_front();
    tell(news, lock);
  }
}

// By whoever led before, ourselves before a restart included. All that stands is then looked at.
void EventWriter::learn_what_was_told(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::map<std::string, Told> told;
  const auto listed = parts_.api.list(
      kEvents, 500, {kEvents.api_version(), "Event", {"series.count"}},
      [&](std::vector<kube::Object> page) {
        for (const kube::Object& each : page) {
          if (told.size() >= limits_.remembered) return;
          told.emplace(each.ns + '/' + each.name, Told{series_count(each.text), {}});
        }
      },
      std::string("reportingController=") + kReporter);
  lock.lock();
  if (!listed) {
    complain(listed.error());
    condition_.wait_for(lock, std::chrono::seconds(5));
    return;
  }
  told_ = std::move(told);
  leads_ = true;
  queue_.clear();
  for (const auto& [name, said] : said_) {
    for (const EventText& text : said.texts) queue({name, said.verdict, text, false});
  }
}

void EventWriter::tell(const News& news, std::unique_lock<std::mutex>& lock) {
  const std::string ns = event_namespace(news.object);
  const std::string name = event_name(news.object, news.verdict.uid, news.text);
  const auto known = told_.find(ns + '/' + name);
  if (known != told_.end()) {
    if (!news.happened) return;
    ++known->second.count;
    if (kube::Clock::now() - known->second.written < limits_.again) return;
    known->second.written = kube::Clock::now();
  } else if (told_.size() >= limits_.remembered) {
    told_.erase(told_.begin());
  }
  const std::uint64_t count = known == told_.end() ? 1 : known->second.count;
  const std::string instance = parts_.leadership.leader();
  lock.unlock();
  const auto now = std::chrono::system_clock::now();
  kube::ApiResult<bool> made = false;
  if (!parts_.stop.wait(rate_.take(kube::Clock::now()))) {
    if (count > 1) {
      const auto patched = parts_.writer.patch(kEvents.object(ns, name), kube::PatchType::merge,
                                               series_body(count, now));
      made = patched ? kube::ApiResult<bool>(false) : std::unexpected(patched.error());
    }
    // A series whose event has expired begins anew.
    if (count == 1 || (!made && made.error().fault == kube::Fault::not_found)) {
      made = parts_.writer.create_if_absent(
          kEvents.collection(ns), event_body(news.object, news.verdict, news.text, instance, now));
    }
  }
  lock.lock();
  if (!made) return complain(made.error());
  trouble_.clear();
  Told& told = told_[ns + '/' + name];
  told.count = *made ? 1 : std::max<std::uint64_t>(count, 1);
  told.written = kube::Clock::now();
}

void EventWriter::complain(const kube::ApiError& error) {
  // A namespace that is going away takes no events.
  const bool ordinary = error.fault == kube::Fault::stopped ||
                        error.fault == kube::Fault::not_found || error.reason == "Forbidden";
  if (ordinary && !error.message.contains("cannot ")) return;
  if (error.told() == trouble_) return;
  trouble_ = error.told();
  log_warning("events not written", {{"reason", trouble_}});
}

}  // namespace smic::status

// SPDX-License-Identifier: Apache-2.0
// Tested by store_test.cpp.
#include "controller/kube/store.h"

namespace smic::kube {

namespace {

using Text = std::shared_ptr<const std::string>;

bool same(const Text& a, const Text& b) { return a == b || (a && b && *a == *b); }

}  // namespace

void Store::changed(const std::string& kind, const Name& name) {
  ++version_;
  changed_.emplace(kind, name);
}

bool Store::replace(const std::string& kind, std::vector<Object> objects) {
  Objects fresh;
  for (Object& object : objects) {
    fresh.insert_or_assign({std::move(object.ns), std::move(object.name)},
                           std::make_shared<const std::string>(std::move(object.text)));
  }
  const std::lock_guard lock(mutex_);
  const auto [known, first] = kinds_.try_emplace(kind);
  if (first) --unfilled_;
  const std::uint64_t before = version_;
  for (const auto& [name, text] : known->second) {
    if (!fresh.contains(name)) changed(kind, name);
  }
  for (auto& [name, text] : fresh) {
    const auto old = known->second.find(name);
    if (old == known->second.end() || !same(old->second, text)) {
      changed(kind, name);
    } else {
      text = old->second;  // whoever has it already has this one
    }
  }
  known->second = std::move(fresh);
  if (first) ++version_;
  if (version_ == before) return false;
  condition_.notify_all();
  return true;
}

void Store::put(const std::string& kind, Object object) {
  const std::lock_guard lock(mutex_);
  Name name{std::move(object.ns), std::move(object.name)};
  Text& text = kinds_[kind][name];
  if (text && *text == object.text) return;
  text = std::make_shared<const std::string>(std::move(object.text));
  changed(kind, name);
  condition_.notify_all();
}

void Store::remove(const std::string& kind, const Object& object) {
  const std::lock_guard lock(mutex_);
  const Name name{object.ns, object.name};
  if (kinds_[kind].erase(name) == 0) return;
  changed(kind, name);
  condition_.notify_all();
}

std::vector<Store::Change> Store::read_changes() {
  const std::lock_guard lock(mutex_);
  read_version_ = version_;
  std::vector<Change> changes;
  changes.reserve(changed_.size());
  for (const auto& [kind, name] : changed_) {
    const Objects& objects = kinds_[kind];
    const auto object = objects.find(name);
    changes.push_back(
        {kind, name.first, name.second, object == objects.end() ? nullptr : object->second});
  }
  changed_.clear();
  return changes;
}

bool Store::wait() {
  std::unique_lock lock(mutex_);
  condition_.wait(lock,
                  [this] { return closed_ || (unfilled_ == 0 && version_ != read_version_); });
  return !closed_;
}

bool Store::has_news() {
  const std::lock_guard lock(mutex_);
  return closed_ || (unfilled_ == 0 && version_ != read_version_);
}

bool Store::wait_until_filled() {
  std::unique_lock lock(mutex_);
  condition_.wait(lock, [this] { return closed_ || unfilled_ == 0; });
  return !closed_;
}

void Store::poke() {
  const std::lock_guard lock(mutex_);
  ++version_;
  condition_.notify_all();
}

void Store::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  condition_.notify_all();
}

void Store::read(const Visit& visit) {
  const std::lock_guard lock(mutex_);
  read_version_ = version_;
  for (const auto& [kind, objects] : kinds_) {
    for (const auto& [name, text] : objects) visit(kind, name.first, name.second, *text);
  }
}

}  // namespace smic::kube

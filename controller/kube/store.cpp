// SPDX-License-Identifier: Apache-2.0
// Tested by store_test.cpp.
#include "controller/kube/store.h"

namespace smic::kube {

void Store::changed() {
  ++version_;
  condition_.notify_all();
}

bool Store::replace(const std::string& kind, std::vector<Object> objects) {
  Objects fresh;
  for (Object& object : objects) {
    fresh.insert_or_assign({std::move(object.ns), std::move(object.name)}, std::move(object.text));
  }
  const std::lock_guard lock(mutex_);
  const auto [known, first] = kinds_.try_emplace(kind);
  if (first) --unfilled_;
  if (!first && known->second == fresh) return false;
  known->second = std::move(fresh);
  changed();
  return true;
}

void Store::put(const std::string& kind, Object object) {
  const std::lock_guard lock(mutex_);
  std::string& text = kinds_[kind][{std::move(object.ns), std::move(object.name)}];
  if (text == object.text) return;
  text = std::move(object.text);
  changed();
}

void Store::remove(const std::string& kind, const Object& object) {
  const std::lock_guard lock(mutex_);
  if (kinds_[kind].erase({object.ns, object.name}) > 0) changed();
}

bool Store::wait() {
  std::unique_lock lock(mutex_);
  condition_.wait(lock,
                  [this] { return closed_ || (unfilled_ == 0 && version_ != read_version_); });
  return !closed_;
}

bool Store::wait_until_filled() {
  std::unique_lock lock(mutex_);
  condition_.wait(lock, [this] { return closed_ || unfilled_ == 0; });
  return !closed_;
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
    for (const auto& [name, text] : objects) visit(kind, name.first, name.second, text);
  }
}

}  // namespace smic::kube

// SPDX-License-Identifier: Apache-2.0
// An immutable value that many may hold without copying it. It reads like the value and compares by
// value, but equal pointers settle it: two manifests that share what did not change are compared in
// the time of a walk over pointers, and a delta is what is not the same object.
#pragma once

#include <memory>
#include <utility>

namespace smic::contract {

template <class T>
class Shared {
 public:
  Shared() : value_(std::make_shared<const T>()) {}
  Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}
  Shared(std::shared_ptr<const T> value) : value_(std::move(value)) {}  // not null

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  operator const T&() const { return *value_; }
  const std::shared_ptr<const T>& pointer() const { return value_; }

  // A copy of its own, to be changed before it is shared again.
  T& edit() {
    auto copy = std::make_shared<T>(*value_);
    T& value = *copy;
    value_ = std::move(copy);
    return value;
  }

  bool same_object(const Shared& other) const { return value_ == other.value_; }

  friend bool operator==(const Shared& a, const Shared& b) {
    return a.value_ == b.value_ || *a.value_ == *b.value_;
  }
  friend bool operator==(const Shared& a, const T& b) { return *a.value_ == b; }

 private:
  std::shared_ptr<const T> value_;
};

}  // namespace smic::contract

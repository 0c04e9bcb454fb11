// SPDX-License-Identifier: Apache-2.0
// Nodes and pods inside one test: threads in network namespaces of their own, joined by links.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/steer/steward.h"

namespace smic::test {

// Puts the calling thread, and those that it makes from here on, into a network namespace that
// nobody else sees, with nothing in it but loopback.
void become_a_node();

// What a pod is to the node that made it.
class Pod {
 public:
  explicit Pod(int number);  // 1 … 250
  ~Pod();
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  void run(const std::function<void()>& work);  // inside
  std::string address() const;                  // "10.99.7.2"
  std::string address_v6() const;               // "fd99:7::2"

 private:
  int number_;
  std::unique_ptr<steer::Steward> thread_;
};

}  // namespace smic::test

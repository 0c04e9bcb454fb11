// SPDX-License-Identifier: Apache-2.0
// Which of several controllers writes. Every replica compiles and serves; what is written to the
// API comes from the one that leads. Writers ask before every write, and since asking looks at the
// clock, one that slept too long to still know is told no.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace smic::kube {

class Leadership {
 public:
  using OnChange = std::function<void(bool leads)>;

  virtual ~Leadership() = default;

  virtual bool leads() const = 0;          // now; from any thread
  virtual std::string leader() const = 0;  // the last one known; empty = nobody
  // Told of every change, and at once if we lead already. Must not block; from a thread of the
  // election. Null: nobody is told from here on, which whoever destroys those who were must say.
  virtual void on_change(OnChange tell) = 0;
};

// Of one who has nobody to share with: a controller without a cluster.
std::unique_ptr<Leadership> sole_leader();
// Of one who is never to write.
std::unique_ptr<Leadership> never_leads();

}  // namespace smic::kube

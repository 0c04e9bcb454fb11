// SPDX-License-Identifier: Apache-2.0
#include "controller/kube/leadership.h"

namespace smic::kube {
namespace {

class Fixed final : public Leadership {
 public:
  explicit Fixed(bool leads) : leads_(leads) {}

  bool leads() const override { return leads_; }
  std::string leader() const override { return leads_ ? "this process" : ""; }
  void on_change(OnChange tell) override {
    if (leads_ && tell) tell(true);
  }

 private:
  const bool leads_;
};

}  // namespace

std::unique_ptr<Leadership> sole_leader() { return std::make_unique<Fixed>(true); }
std::unique_ptr<Leadership> never_leads() { return std::make_unique<Fixed>(false); }

}  // namespace smic::kube

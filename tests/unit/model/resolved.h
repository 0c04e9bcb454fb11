// SPDX-License-Identifier: Apache-2.0
// Manifests, resolved, with everything that must outlive the mesh.
#pragma once

#include <string>

#include "compiler/model/model.h"
#include "tests/support/expect_diagnostic.h"
#include "tests/support/manifests.h"

namespace smic::test {

struct Resolved {
  explicit Resolved(const std::string& yaml, const model::Options& options = {})
      : diagnostics(add(yaml)),
        set(resources::decode(sources, diagnostics)),
        mesh(model::resolve(set, options, diagnostics)) {}

  const model::Service& service(const std::string& ns, const std::string& name) const {
    const model::Service* found = mesh.find({ns, name});
    if (found == nullptr) throw std::runtime_error("no Service " + ns + "/" + name);
    return *found;
  }

  Expectation expect() const { return expect_diagnostics(diagnostics); }

  Sources sources;
  Diagnostics diagnostics;
  resources::Set set;
  model::Mesh mesh;

 private:
  const Sources& add(const std::string& yaml) {
    sources.add("mesh.yaml", yaml);
    return sources;
  }
};

}  // namespace smic::test

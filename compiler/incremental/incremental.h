// SPDX-License-Identifier: Apache-2.0
// Objects that changed in, what is different because of them out: the front half of the compiler
// (compile.h) for who follows a cluster, where one object of 100,000 changes at a time.
//
//   change → what it concerns (affected.h) → what must be known to tell that (closure.h)
//          → the same decode, resolve and lower as ever, on that part of the mesh
//
// INVARIANT: units and diagnostics are those that analyze() makes of all objects at once. It holds
// because a part is only believed about what it was chosen for: whatever can influence that is in
// it. Tested by random edits of random meshes (tests/differential/incremental_test.cpp).
//
// Texts are kept and shared with who hands them in; decoded objects are not, since decoding the
// dozen that matter costs less than keeping 100,000. What is known without looking is in an index.
//
// Where IdentityBindings select pods by labels, every change is of everything.
//
// Deliberately absent: files with several objects, workload templates, and Endpoints of the older
// kind; a cluster's objects come one by one and as EndpointSlices.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/compile.h"

namespace smic::incremental {

struct ObjectKey {
  std::string kind;
  std::string ns;  // empty where the kind has none
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
};

// "Service/shop/web.json": the name of its source.
std::string source_name(const ObjectKey& key);

struct Change {
  ObjectKey key;
  std::shared_ptr<const std::string> text;  // one object; null = it is gone
};

// What is to be taken anew; the rest is as it was.
struct Outcome {
  std::set<ir::ServiceRef> services;  // whose units were lowered again; they may have none now
  std::vector<ir::Unit> units;        // raw, of those services, sorted by service and port
  std::set<std::string> addresses;    // whose pod may be another; mesh.pods has those that are one
  std::vector<ObjectKey> said;        // objects of which other things are said now
  std::set<std::string> namespaces;   // whose settings may be others
  bool whole = false;                 // all of it

  // Of the services above and what their routes lead to complete, of the rest anything.
  resources::Set objects;
  model::Mesh mesh;
};

class Frontend {
 public:
  explicit Frontend(CompileOptions options);
  ~Frontend();
  Frontend(Frontend&&) noexcept;
  Frontend& operator=(Frontend&&) noexcept;

  // Changes since the last call, in the order in which they happened.
  Outcome apply(std::span<const Change> changes);

  // An outcome was lost: the next one is of everything.
  void take_whole_next();
  // Other options of the model from now on; the next outcome is of everything.
  void use(model::Options options);

  // What would be said of an object of SMI if it was written like this, beside all else as it is:
  // nothing is taken up. Places are in the change's text, whatever source they name; notes are left
  // out. Nothing where that cannot be told at little cost: before the first apply(), and in a large
  // mesh whose bindings select pods by labels.
  std::optional<std::vector<Diagnostic>> would_say(const Change& change);

  // The texts as they are now; places in diagnostics are places in them.
  const Sources& sources() const;
  // The one that is the text of an object; nothing: there is none of this name.
  std::optional<SourceId> source_of(const ObjectKey& key) const;
  // What is said of all objects, or of one; while the number is the same, nothing else is.
  void report(Diagnostics& into) const;
  std::uint64_t said_version() const;
  std::vector<Diagnostic> said_of(const ObjectKey& key) const;

  // Does a pod or an endpoint have this address?
  bool is_taken(const std::string& address) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smic::incremental

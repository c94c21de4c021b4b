# apical_rule(NAME): compiles NAME.cc, a rule file, once per instruction set and number type, and puts it into the registry.
set(APICAL_RULE_TEMPLATE ${CMAKE_CURRENT_LIST_DIR}/rule_targets.cc.in)

function(apical_rule name)
  set(APICAL_RULE_NAME ${name})
  set(APICAL_RULE_SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cc)
  set(APICAL_RULE_TARGETS ${CMAKE_CURRENT_BINARY_DIR}/${name}_targets.cc)
  configure_file(${APICAL_RULE_TEMPLATE} ${APICAL_RULE_TARGETS} @ONLY)
  set_source_files_properties(${APICAL_RULE_TARGETS} PROPERTIES COMPILE_OPTIONS "-O3;-ffp-contract=off"
    OBJECT_DEPENDS ${APICAL_RULE_SOURCE})
  set_property(DIRECTORY APPEND PROPERTY APICAL_RULE_SOURCES ${APICAL_RULE_TARGETS})
  set_property(DIRECTORY APPEND PROPERTY APICAL_RULE_NAMES ${name})
endfunction()

# apical_rule_registry(FILE): a source that lists every rule of this folder.
function(apical_rule_registry file)
  get_property(names DIRECTORY PROPERTY APICAL_RULE_NAMES)
  set(declarations "")
  set(entries "")
  foreach(name IN LISTS names)
    string(APPEND declarations "RuleEntry rule_entry_${name}();\n")
    string(APPEND entries "          rule_entry_${name}(),\n")
  endforeach()
  set(APICAL_RULE_DECLARATIONS ${declarations})
  set(APICAL_RULE_ENTRIES ${entries})
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/rule_registry.cc.in ${file} @ONLY)
endfunction()

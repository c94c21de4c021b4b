# apical_rule(NAME): compiles NAME.cc, a rule file, once per instruction set and number type, and puts it into the registry.
# apical_add_rule(TARGET NAME): the same for a program outside of Apical's tree; it calls register_rule(apical::rule_entry_NAME()).
set(APICAL_RULE_TEMPLATE ${CMAKE_CURRENT_LIST_DIR}/rule_targets.cc.in)

# The source that compiles a rule file for every instruction set; its path goes into ${result}.
function(apical_rule_source name result)
  set(APICAL_RULE_NAME ${name})
  set(APICAL_RULE_SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cc)
  set(APICAL_RULE_TARGETS ${CMAKE_CURRENT_BINARY_DIR}/${name}_targets.cc)
  configure_file(${APICAL_RULE_TEMPLATE} ${APICAL_RULE_TARGETS} @ONLY)
  set_source_files_properties(${APICAL_RULE_TARGETS} PROPERTIES COMPILE_OPTIONS "-O3;-ffp-contract=off"
    OBJECT_DEPENDS ${APICAL_RULE_SOURCE})
  set(${result} ${APICAL_RULE_TARGETS} PARENT_SCOPE)
endfunction()

function(apical_rule name)
  apical_rule_source(${name} source)
  set_property(DIRECTORY APPEND PROPERTY APICAL_RULE_SOURCES ${source})
  set_property(DIRECTORY APPEND PROPERTY APICAL_RULE_NAMES ${name})
endfunction()

function(apical_add_rule target name)
  apical_rule_source(${name} source)
  target_sources(${target} PRIVATE ${source})
  target_compile_options(${target} PRIVATE -fno-math-errno -fno-trapping-math)
  target_link_libraries(${target} PRIVATE apical::rule_source apical::apical)
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

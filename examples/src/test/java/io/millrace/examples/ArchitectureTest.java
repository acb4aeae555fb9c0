/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Which module may know which, and who may touch what is dangerous. */
class ArchitectureTest {
    private static final String[] DRIVERS =
        {"io.millrace.virtqueue..", "io.millrace.tap..", "io.millrace.afxdp.."};
    private static final JavaClasses CLASSES = new ClassFileImporter()
        .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("io.millrace");

    private static void check(final ArchRule rule) {
        rule.allowEmptyShould(true).check(CLASSES);
    }

    @Test
    void shouldSeeTheClassesOfEveryModule() {
        for (final String type : new String[] {"io.millrace.linux.Fd", "io.millrace.Burst",
            "io.millrace.pipeline.Graph", "io.millrace.virtqueue.VhostUser",
            "io.millrace.examples.Main"}) {
            assertTrue(CLASSES.contain(type), type);
        }
    }

    @Test
    void shouldKeepLinuxBelowEverythingElse() {
        check(noClasses().that().resideInAPackage("io.millrace.linux..")
            .should().dependOnClassesThat().resideInAnyPackage("io.millrace", "io.millrace.packet..",
                "io.millrace.pipeline..", "io.millrace.examples.."));
        for (final String driver : DRIVERS) {
            check(noClasses().that().resideInAPackage("io.millrace.linux..")
                .should().dependOnClassesThat().resideInAPackage(driver));
        }
    }

    @Test
    void shouldKeepTheApiBelowDriversAndPipelines() {
        check(noClasses().that().resideInAnyPackage("io.millrace", "io.millrace.packet..")
            .should().dependOnClassesThat().resideInAnyPackage("io.millrace.virtqueue..", "io.millrace.tap..",
                "io.millrace.afxdp..", "io.millrace.pipeline..", "io.millrace.examples.."));
    }

    @Test
    void shouldKeepDriversApartFromEachOther() {
        for (final String driver : DRIVERS) {
            for (final String other : DRIVERS) {
                if (!driver.equals(other)) {
                    check(noClasses().that().resideInAPackage(driver)
                        .should().dependOnClassesThat().resideInAPackage(other));
                }
            }
        }
    }

    @Test
    void shouldKeepDriversAndPipelinesApart() {
        check(noClasses().that().resideInAnyPackage(DRIVERS)
            .should().dependOnClassesThat().resideInAnyPackage("io.millrace.pipeline..", "io.millrace.examples.."));
        check(noClasses().that().resideInAPackage("io.millrace.pipeline..")
            .should().dependOnClassesThat().resideInAnyPackage(DRIVERS));
        check(noClasses().that().resideInAPackage("io.millrace.pipeline..")
            .should().dependOnClassesThat().resideInAPackage("io.millrace.examples.."));
    }

    @Test
    void shouldCallNativeCodeInOnePackageOnly() {
        check(noClasses().that().resideOutsideOfPackage("io.millrace.linux..")
            .should().dependOnClassesThat().resideInAPackage("com.sun.jna.."));
    }

    @Test
    void shouldAccessMemoryByAddressOnlyWhereThatIsTheWork() {
        // Frames, headers, the kernel's structures, guest memory, the bundled nodes; not examples.
        check(noClasses().that().resideInAPackage("io.millrace.examples..")
            .should().dependOnClassesThat().haveFullyQualifiedName("org.agrona.UnsafeApi"));
        check(noClasses().should().dependOnClassesThat()
            .haveFullyQualifiedName("sun.misc.Unsafe"));
    }

    @Test
    void shouldPrintOnlyFromTheCommandLine() {
        check(noClasses().that().resideOutsideOfPackage("io.millrace.examples..")
            .should().accessField(System.class, "out").orShould().accessField(System.class, "err"));
    }
}

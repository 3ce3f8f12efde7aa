/// <reference types="grunt" />
import './tasks/lib/node-version.cjs';

/** The wiring: targets and options, nothing else. */
export = (grunt: IGrunt): void => {
  grunt.initConfig({
    // A target with no options finds the Kerberos instance of this machine by itself.
    sync: { default: {} },
    'grunt-kerberos-sync': { allTasks: true },
  });

  grunt.loadTasks('tasks');
};
